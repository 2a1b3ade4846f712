"""A publication from beginning to end: each step goes on from where an interrupted one ended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from pipelines.cards.places import README
from pipelines.publishing.card_check import refuse_unless_taken
from pipelines.publishing.committing import commit, create, tag
from pipelines.publishing.plan import Plan
from pipelines.publishing.reading_back import Seen, check_commit, read_back
from pipelines.publishing.remote import Remote, title_of
from pipelines.publishing.uploading import Progress, Told, upload


@dataclass(frozen=True)
class Watch:
    """How somebody follows a publication: `say` names a step, `sending` shows bytes of a total."""

    say: Callable[[str], None] = lambda _: None
    sending: Callable[[int], AbstractContextManager[Told]] = lambda _: nullcontext(lambda _: None)
    #: Whether the client's own bars may be shown, where it sends by Xet.
    bars: bool = False


def carry_out(plan: Plan, *, private: bool, watch: Watch) -> Seen:
    """Do what a plan says that is left, and read the version back.

    Nothing is visible before the commit, and the commit is whole; it is tagged once it was looked
    at. The same call after any interruption ends in the same state.

    Raises:
        BuildError: a step failed; says which, and how to go on.
    """
    remote, version, made = plan.remote, plan.version, plan.commit
    if made is None:
        readme = next((item for item in plan.add if item.path == README), None)
        if readme is not None and isinstance(readme.source, bytes):
            watch.say("asking the Hub about the card")
            refuse_unless_taken(remote.repo, readme.source)
        if remote.head is None:
            watch.say(f"making {remote.repo}")
            remote = create(remote.repo, plan.items.keys(), private=private)
        made = _send(plan, remote, watch)
    watch.say("checking what is there")
    items = plan.items if plan.left == "all" else plan.facts
    check_commit(remote, made, version, plan.content, items)
    if plan.left != "nothing":
        watch.say(f"tagging {version.tag}")
        tag(remote.repo, version, made)
    watch.say("reading it back")
    return read_back(remote.repo, version, made, plan.add if plan.left == "all" else ())


def _send(plan: Plan, remote: Remote, watch: Watch) -> str:
    """Upload what is new, and commit it; returns the commit."""
    with watch.sending(plan.bytes_to_send) as told:
        additions = upload(remote.repo, plan.add, Progress(told), bars=watch.bars)
    watch.say(f"committing {title_of(plan.version)}")
    return commit(remote, plan.version, plan.content, additions, plan.delete)
