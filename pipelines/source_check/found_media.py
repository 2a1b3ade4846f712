"""What a look into a container says: names that are not there, and what they are called instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipelines.source_check.archives import Look
from pipelines.source_check.finding import Difference
from pipelines.source_check.kinds import kind_of, stem_of
from pipelines.source_check.likeness import Likeness, Names, apart, same_shape
from pipelines.source_check.subject import Subject
from pipelines.source_check.words import clean, listed, yaml_line

#: A larger share of names that are not there is an error.
_MOST_MISSING: Final = 0.1
#: Names that are held against all that are there.
_COMPARED: Final = 20


def judge(
    subject: Subject, members: Sequence[str], slot: str, home: str, look: Look
) -> list[Difference]:
    """The differences that a look into `home` shows; `members` were wanted of it."""
    said: list[Difference] = []
    missing = [member for member in members if member not in look.entries]
    if missing and look.complete:
        said.append(_missing(subject, members, missing, slot, home, look))
    elif missing and not look.entries:
        said.append(_further_back(subject, missing, slot, home, look))
    ambiguous = [member for member, names in look.entries.items() if len(names) > 1]
    if ambiguous:
        names = look.entries[ambiguous[0]]
        found = f"{clean(ambiguous[0])} could be {listed(sorted(names))}"
        change = f"an option that names whole paths, if there is one; else extend {subject.module}"
        said.append(subject.differs("media", "error", f"one entry of {home}", found, change))
    return said + _wrapped(subject, home, look) + _failed(subject, home, look)


def _wrapped(subject: Subject, home: str, look: Look) -> list[Difference]:
    """A note on a folder around the members of an archive that nobody would guess from its name."""
    if kind_of(home) != "archive":
        return []
    usual = {"", "./", f"{stem_of(home)}/", f"./{stem_of(home)}/"}
    for member, names in look.entries.items():
        folder = names[0].removesuffix(member.removeprefix("/"))
        if folder not in usual:
            found = f"folder {clean(folder)} inside {home}: {clean(names[0])}"
            change = "none: members are matched by their end"
            return [subject.differs("media", "note", clean(member), found, change)]
    return []


def _failed(subject: Subject, home: str, look: Look) -> list[Difference]:
    if not look.failed:
        return []
    member, error = look.failed[0]
    found = f"{clean(member)} in {home}: {error.message}"
    if error.reason == "media_not_opened" or look.opened:
        change = "none: others of its kind can be used" if look.opened else "none"
        return [subject.differs("media", "note", "a medium to open", found, change)]
    tried = f"{len(look.failed)} of {len(look.failed)} tried: "
    change = (
        "download it again; if the files are meant to be so, see `media` in the recipe "
        "(formats, limits)"
    )
    return [subject.differs("media", "error", "media that can be used", tried + found, change)]


def _missing(
    subject: Subject,
    members: Sequence[str],
    missing: Sequence[str],
    slot: str,
    home: str,
    look: Look,
) -> Difference:
    many = len(missing) > _MOST_MISSING * len(members)
    near = Names(look.names).like(missing[:_COMPARED])
    expected = f"{clean(missing[0].removeprefix('/'))} in {home}"
    share = f"{len(missing):,} of {len(members):,} are not there"
    if near is None:
        there = f"there is {listed(look.names)}" if look.names else "it is empty"
        change = f"see that {home} is whole and goes with the records (revision, path)"
        found = f"{share}; {there}"
    else:
        expected = f"{clean(near.wanted)} in {home}"
        found = f"{clean(near.there)} ({share})"
        change = _change(subject, slot, home, near)
    if look.seen.startswith("it is damaged"):
        found += f"; {look.seen}"
    return subject.differs("media", "error" if many else "note", expected, found, change)


def _further_back(
    subject: Subject, missing: Sequence[str], slot: str, home: str, look: Look
) -> Difference:
    """A word on names that are not within the head of an archive."""
    wanted = missing[0]
    expected = f"{clean(wanted.removeprefix('/'))} in {home}"
    near = Names(look.names).like(missing[:_COMPARED]) if wanted.startswith("/") else None
    if near is not None and near.how == "folder" and not same_shape(wanted, look.names):
        found = f"{clean(near.there)}"
        return subject.differs(
            "media", "error", expected, found, _change(subject, slot, home, near)
        )
    if not look.names:
        found = f"not within {look.seen}"
        return subject.differs("media", "note", expected, found, "none: it is left to the build")
    found = f"not within {look.seen}; names there look like {clean(look.names[0])}"
    if any(same_shape(member, look.names) for member in missing[:_COMPARED]):
        change = "none: the names have the same shape"
        return subject.differs("media", "note", expected, f"{found}: same shape", change)
    change = f"see that {home} goes with the records (revision, path)"
    beside = apart(missing, look.names) if wanted.startswith("/") else None
    if beside is not None:
        expected = f"{clean(beside.wanted)} in {home}"
        found = f"not within {look.seen}; names there look like {clean(beside.there)}"
        change = _change(subject, slot, home, beside)
    return subject.differs("media", "warning", expected, f"{found}: another shape", change)


def _prefixes(strip: str, add: str) -> dict[str, str]:
    """What to take off the records' paths and to put before them, as little as does it."""
    if add.endswith(strip):
        strip, add = "", add.removesuffix(strip)
    elif strip.endswith(add):
        strip, add = strip.removesuffix(add), ""
    return {"strip": strip, "add": add}


def _change(subject: Subject, slot: str, home: str, near: Likeness) -> str:
    if near.how == "case":
        return f"names differ in case only: extend {subject.module}, or mend the copy"
    if near.how == "suffix":
        was, now = (name.rpartition(".")[2] for name in (near.wanted, near.there))
        return (
            f"records say .{was}, {home} has .{now}: pin `revision:` to a commit where they "
            f"agree, or extend {subject.module}"
        )
    # Where the names are of different files, their folders still say what to strip and to add.
    common = near.wanted.removeprefix(near.strip)
    if subject.has_option("strip") and subject.has_option("add"):
        strip, add = (str(subject.options[name]) for name in ("strip", "add"))
        path = strip + near.wanted.removeprefix(add)
        return yaml_line("options", _prefixes(path.removesuffix(common), near.add))
    if subject.is_mapped and near.strip:
        return yaml_line("options", {"media": {slot: {"strip": near.strip}}})
    if kind_of(home) != "archive" and not near.strip:
        line = subject.options_line(home, f"{home}/{near.add}".strip("/"))
        if line:
            return line
    return (
        f"records begin with {near.strip or 'no folder'!r}, {home} with {near.add or 'none'!r}: "
        f"pin `revision:`, or extend {subject.module}"
    )
