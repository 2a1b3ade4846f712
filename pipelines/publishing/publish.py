"""A publication from beginning to end: each step goes on from where an interrupted one ended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from pipelines.publishing.committing import commit, create, tag
from pipelines.publishing.plan import Plan
from pipelines.publishing.reading_back import Seen, read_back
from pipelines.publishing.remote import Remote, title_of
from pipelines.publishing.uploading import Progress, Told, additions_of, upload


@dataclass(frozen=True)
class Watch:
    """How somebody follows a publication: `say` names a step, `sending` shows bytes of a total."""

    say: Callable[[str], None] = lambda _: None
    sending: Callable[[int], AbstractContextManager[Told]] = lambda _: nullcontext(lambda _: None)
    #: Whether the client's own bars may be shown, where it sends by Xet.
    bars: bool = False


def carry_out(plan: Plan, *, private: bool, watch: Watch) -> Seen:
    """Do what a plan says that is left, and read the version back.

    Nothing is visible before the commit, and the commit is whole. The same call after any
    interruption ends in the same state.

    Raises:
        BuildError: a step failed; says which, and how to go on.
    """
    remote, sent = plan.remote, frozenset[str]()
    if plan.left == "all":
        if remote.head is None:
            watch.say(f"making {remote.repo}")
            remote = create(remote.repo, private=private)
        plan = replace(plan, remote=remote, commit=_send(plan, remote, watch))
        sent = frozenset(item.path for item in plan.add)
    if plan.left != "nothing":
        assert plan.commit is not None
        watch.say(f"tagging {plan.version.tag}")
        tag(remote.repo, plan.version, plan.commit)
    watch.say("reading it back")
    items = plan.items if plan.left == "all" else plan.facts
    return read_back(remote.repo, plan.version, plan.content, items, sent)


def _send(plan: Plan, remote: Remote, watch: Watch) -> str:
    """Upload what is new, and commit it; returns the commit."""
    with watch.sending(plan.bytes_to_send) as told:
        additions = additions_of(plan.add, Progress(told))
        upload(remote.repo, additions, bars=watch.bars)
    watch.say(f"committing {title_of(plan.version)}")
    return commit(remote, plan.version, plan.content, additions, plan.delete)
