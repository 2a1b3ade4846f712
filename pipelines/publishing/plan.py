"""The plan of a publication: what is there, what is new, and which version that makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from pipelines.layout import Layout
from pipelines.publishing import places
from pipelines.publishing.card import Card
from pipelines.publishing.contents import Item, content_digest, gather
from pipelines.publishing.moves import changed_by_hand, is_there, moves
from pipelines.publishing.remote import Remote, untagged
from pipelines.publishing.rows import RowChanges, changes_between, footer_of
from pipelines.publishing.rules import (
    Step,
    VersionError,
    check_step,
    in_words,
    is_major_step,
    step_between,
)
from pipelines.publishing.version_file import VersionFile, version_bytes
from pipelines.publishing.versions import Version
from pipelines.quality_of_build import of_another_build
from pipelines.recipe import Recipe
from transforms.beamkit.errors import BuildError

#: What is left to do: all of it, only the tag of a commit that is there, or nothing.
Left = Literal["all", "tag", "nothing"]

_NOBODYS: Final = "0.0.0"


@dataclass(frozen=True)
class Build:
    """What is to be published: an output folder and the record of what was built into it."""

    output: Path
    record: Mapping[str, Any]
    recipe: Recipe | None

    @property
    def rows(self) -> dict[str, int]:
        """Rows by subset."""
        return {name: int(entry["rows"]) for name, entry in self.record["subsets"].items()}


@dataclass(frozen=True)
class Plan:
    """What a publication will do. `add` replaces what is in its place.

    `facts` are the files that were built, `items` those and the card. `commit` is the commit of
    the version where it is there already.
    """

    remote: Remote
    version: Version
    content: str
    facts: Mapping[str, Item]
    left: Left
    items: Mapping[str, Item] = field(default_factory=dict)
    add: tuple[Item, ...] = ()
    keep: tuple[Item, ...] = ()
    delete: tuple[str, ...] = ()
    commit: str | None = None
    before: Version | None = None
    rows_before: Mapping[str, int] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    changes: Mapping[str, RowChanges] = field(default_factory=dict)
    step: Step | None = None
    #: Files on the Hub that no version of ours left as they are: they are replaced or deleted.
    replaced: tuple[str, ...] = ()
    #: Sentences about files of ``quality/`` that are left out, as they are of another build.
    stale: tuple[str, ...] = ()

    @property
    def bytes_to_send(self) -> int:
        """Bytes of the files that are added, at most: the Hub may hold some already."""
        return sum(item.size for item in self.add)


def make_plan(
    build: Build,
    remote: Remote,
    version: Version,
    card: Card,
    say: Callable[[str], None] = lambda _: None,
) -> Plan:
    """Compare a build with what the Hub has, and find out which version that makes.

    Raises:
        VersionError: the version asked for is not the one that comes next, or is another's.
        BuildError: a file can't be read, here or on the Hub.
    """
    say("looking at what was built")
    facts = gather(build.output, build.record, remote.repo)
    neutral = _rendered(card, build, remote.repo, _NOBODYS)
    content = content_digest([*facts.values(), *neutral])
    schema = _schema_of(facts)
    stale = of_another_build(Layout.of(str(build.output)), build.record)
    found = Plan(remote, version, content, facts, "all", rows=build.rows, stale=stale)
    if version in remote.tags:
        return _already_tagged(found, remote.tags[version])
    say(f"comparing with {remote.last.tag if remote.last else 'the repository'}")
    base = _base(remote)
    changes = (
        _all_other(base, build)
        if base and is_major_step(base.schema, schema)
        else _row_changes(remote, base, facts)
    )
    step = None
    if base is not None:
        step = _step(remote, base, facts, changes, schema, content)
        check_step(base.version, version, step)
    landed = untagged(remote, version, content)
    lines = _lines(changes)
    previous = _changelog(remote, base)
    today = datetime.now(UTC).date().isoformat()
    words = _rendered(
        card, build, remote.repo, str(version), previous, changes=lines, released=today
    )
    items = {**facts, **{item.path: item for item in words}}
    about = version_bytes(version, schema, content, items.values(), build.rows)
    items[places.VERSION_FILE] = Item.of_bytes(places.VERSION_FILE, about)
    add, keep, delete = moves(remote, base, items)
    return Plan(
        remote,
        version,
        content,
        facts,
        "all" if landed is None else "tag",
        items,
        add,
        keep,
        delete,
        landed,
        base.version if base else None,
        base.rows if base else {},
        build.rows,
        changes,
        step,
        # A commit that is there already replaces nothing any more.
        changed_by_hand(remote, base, [*(item.path for item in add), *delete])
        if landed is None
        else (),
        stale,
    )


def _rendered(
    card: Card,
    build: Build,
    repo: str,
    version: str,
    previous: bytes | None = None,
    **about: Any,
) -> list[Item]:
    files = card(build.output, build.recipe, repo, version, previous, **about)
    return [Item.of_bytes(path, data) for path, data in files.items()]


def _already_tagged(plan: Plan, commit: str) -> Plan:
    there = plan.remote.version_at(commit)
    if there is not None and there.content == plan.content:
        return Plan(
            plan.remote, plan.version, plan.content, plan.facts, "nothing", commit=commit,
            before=plan.version, rows=plan.rows, stale=plan.stale,
        )  # fmt: skip
    last = plan.remote.last
    assert last is not None
    raise VersionError(
        f"{plan.version.tag} of {plan.remote.repo} exists and holds something else; a version that "
        f"was published is never changed. Publish the next: {last.after('minor')} for other rows "
        f"or labels, {last.after('patch')} for another card"
    )


def _base(remote: Remote) -> VersionFile | None:
    """The last version, with which the build is compared."""
    last = remote.last
    if last is None:
        return None
    found = remote.version_at(remote.tags[last])
    if found is None or found.version != last:
        raise BuildError(
            f"{remote.repo} has a tag {last.tag} that was not published from here (no "
            f"{places.VERSION_FILE} says so): name another repository with --repo"
        )
    return found


def _schema_of(facts: Mapping[str, Item]) -> str:
    """The schema of the shards, whose rows are counted along the way."""
    schemas: dict[str, str] = {}
    for item in facts.values():
        if item.rows is None or not isinstance(item.source, Path):
            continue
        rows, schema = footer_of(str(item.source))
        if rows != item.rows:
            raise BuildError(f"{item.source}: {rows:,} rows, the run record states {item.rows:,}")
        schemas[schema] = item.path
    if len(schemas) > 1:
        told = ", ".join(f"{known} in {path}" for known, path in sorted(schemas.items()))
        raise BuildError(f"subsets are of different schemas ({told}): build the older ones again")
    if not schemas:
        raise BuildError("nothing was built that could be published")
    return next(iter(schemas))


def _row_changes(
    remote: Remote, base: VersionFile | None, facts: Mapping[str, Item]
) -> dict[str, RowChanges]:
    """What became of the rows, by subset that has shards of other bytes than the last version."""
    commit = remote.tags[base.version] if base else None
    there = {
        path: file for path, file in remote.files(commit).items() if base and path in base.files
    }
    old: dict[str, list[str]] = {}
    new: dict[str, list[str]] = {}
    for item in facts.values():
        if item.subset is not None and item.rows is not None and not is_there(item, there):
            new.setdefault(item.subset, []).append(str(item.source))
    for path in there:
        now = facts.get(path)
        subset = places.subset_of(path)
        if commit and subset and not (now and is_there(now, there)):
            old.setdefault(subset, []).append(remote.address(commit, path))
    return {
        name: changes_between(old.get(name, ()), new.get(name, ()))
        for name in dict.fromkeys([*new, *old])
    }


def _all_other(base: VersionFile, build: Build) -> dict[str, RowChanges]:
    """All rows go and all come: those of two schemas can't be compared."""
    return {
        name: RowChanges(added=build.rows.get(name, 0), removed=base.rows.get(name, 0))
        for name in dict.fromkeys([*build.rows, *base.rows])
    }


def _step(
    remote: Remote,
    base: VersionFile,
    facts: Mapping[str, Item],
    changes: Mapping[str, RowChanges],
    schema: str,
    content: str,
) -> Step | None:
    there = remote.files(remote.tags[base.version])
    now = {path for path in facts if places.holds_rows(path)}
    then = {path for path in base.files if places.holds_rows(path)}
    other = len(now ^ then) + sum(not is_there(facts[path], there) for path in now & then)
    return step_between(base.schema, schema, changes, other, content != base.content)


def _lines(changes: Mapping[str, RowChanges]) -> list[str]:
    return [f"{name}: {in_words(change)}" for name, change in changes.items()]


def _changelog(remote: Remote, base: VersionFile | None) -> bytes | None:
    return remote.read(remote.tags[base.version], places.CHANGELOG) if base else None
