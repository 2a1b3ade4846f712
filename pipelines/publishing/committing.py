"""One commit on the expected parent, and its tag: what makes a version visible, as a whole."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from huggingface_hub import CommitOperationDelete
from huggingface_hub.errors import RepositoryNotFoundError

from pipelines.publishing.card_check import complaints_of, refusal
from pipelines.publishing.places import holds_rows
from pipelines.publishing.remote import DATASET, MAIN, Remote, look, title_of, untagged
from pipelines.publishing.trouble import AGAIN, status_of, while_publishing
from pipelines.publishing.uploading import Addition
from pipelines.publishing.versions import Version
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import session
from transforms.beamkit.hub.patience import Attempts, InterruptedTransferError, is_passing


def create(repo: str, paths: Collection[str], *, private: bool) -> Remote:
    """Make the repository, and look at it; one that was made meanwhile is as good.

    Args:
        repo: ``owner/name``.
        paths: what will be put there.
        private: whether nobody else sees it.

    Raises:
        BuildError: it can't be made; says why.
    """
    with while_publishing(f"making {repo}", repo):
        attempts = Attempts()
        while True:
            try:
                session.api().create_repo(repo, repo_type=DATASET, private=private, exist_ok=True)
                break
            except Exception as error:
                attempts.wait(error)
    remote = look(repo)
    if remote.head is None:
        raise BuildError(f"{repo}: it exists, but the token may not see it")
    if private != remote.private:
        kind = "private" if remote.private else "public"
        raise BuildError(f"{repo}: somebody made it meanwhile, as a {kind} repository; {AGAIN}")
    there = remote.files(remote.head)
    if any(map(holds_rows, there)):
        raise BuildError(f"{repo}: somebody made it meanwhile, and published there; {AGAIN}")
    taken = next((path for path in paths if path in there), None)
    if taken is not None:
        raise BuildError(f"{repo}: somebody made it meanwhile, and put {taken} there; {AGAIN}")
    return remote


def commit(
    remote: Remote, version: Version, content: str, add: Sequence[Addition], delete: Sequence[str]
) -> str:
    """Make the commit of a version on the head that was planned for; returns its id.

    An answer that was lost is no reason to commit twice: the head tells what came of it.

    Raises:
        BuildError: another commit was made since, or the Hub refuses; nothing has changed then.
    """
    operations: list[Any] = [*add, *(CommitOperationDelete(path) for path in delete)]
    attempts = Attempts()
    with while_publishing(f"committing to {remote.repo}", remote.repo):
        while True:
            try:
                return _answered(
                    remote.repo,
                    lambda: session.api().create_commit(
                        remote.repo, operations, commit_message=title_of(version),
                        repo_type=DATASET, revision=MAIN, parent_commit=remote.head,
                    ).oid
                )  # fmt: skip
            except Exception as error:
                if isinstance(error, RepositoryNotFoundError) or not _unclear(error):
                    raise
                landed = _landed(remote, version, content)
                if landed is not None:
                    return landed
                attempts.wait(error)


def _answered(repo: str, call: Callable[[], str]) -> str:
    """The answer; one that can't be read leaves open what was done.

    Raises:
        BuildError: the Hub refuses the card, before it has done anything.
        InterruptedTransferError: the answer can't be read.
    """
    try:
        return call()
    except (ValueError, KeyError) as error:
        complaints = complaints_of(error)
        if complaints is not None:
            raise BuildError(refusal(repo, complaints)) from error
        raise InterruptedTransferError(f"the answer can't be read ({error})") from error


def _unclear(error: Exception) -> bool:
    """Whether the commit may have been made although an error came back."""
    return is_passing(error) or status_of(error) == 412


def _landed(remote: Remote, version: Version, content: str) -> str | None:
    """Our commit, if it was made after all; None where the head is the expected parent still.

    Raises:
        BuildError: the head is another.
    """
    now = look(remote.repo)
    if now.head == remote.head:
        return None
    landed = untagged(now, version, content, remote.head)
    if landed is None:
        raise BuildError(
            f"{remote.repo} has changed since the plan was made: somebody committed "
            f"{(now.head or '')[:12]}. Nothing of yours is visible. To go on, {AGAIN}, and the "
            "plan is made anew against what is there now"
        )
    return landed


def tag(repo: str, version: Version, at: str) -> None:
    """Tag the commit of a version; a tag that is there already must lead to it.

    Raises:
        BuildError: somebody else has tagged another commit so.
    """
    attempts = Attempts()
    with while_publishing(f"tagging {version.tag} of {repo}", repo):
        while True:
            try:
                session.api().create_tag(repo, tag=version.tag, revision=at, repo_type=DATASET)
                return
            except Exception as error:
                conflict = status_of(error) == 409
                there = look(repo).tags.get(version) if conflict or is_passing(error) else None
                if there == at:
                    return
                if there is not None:
                    raise BuildError(
                        f"{version.tag} of {repo} was set meanwhile, to the commit {there[:12]} of "
                        "somebody else; publish the next version"
                    ) from error
                attempts.wait(error)
