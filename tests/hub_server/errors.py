"""Refusals in the Hub's words: a status, a code and a message that clients tell apart."""

from __future__ import annotations

from collections.abc import Mapping


class HubError(Exception):
    """What a route raises to refuse a request."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = dict(headers or {})


def repo_not_found(*, anonymous: bool) -> HubError:
    """A repo that does not exist, or that the caller may not know of.

    The Hub sends no code with the 401; clients tell it by an https URL, which loopback has not.
    """
    if anonymous:
        challenge = {"WWW-Authenticate": 'Bearer realm="Authentication required"'}
        return HubError(401, "Invalid username or password.", "RepoNotFound", challenge)
    return HubError(404, "Repository not found", "RepoNotFound")


def revision_not_found(revision: str) -> HubError:
    return HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")


def entry_not_found(commit: str) -> HubError:
    return HubError(404, "Entry not found", "EntryNotFound", {"X-Repo-Commit": commit})


def gated(repo: str, *, anonymous: bool) -> HubError:
    restricted = f"Access to dataset {repo} is restricted"
    if anonymous:
        return HubError(401, f"{restricted}: log in to an account that has access.", "GatedRepo")
    return HubError(403, f"{restricted} and you are not in the authorized list.", "GatedRepo")


def gated_not_enabled() -> HubError:
    """A fine-grained token whose owner did not allow it to read gated repos. It has no code."""
    return HubError(
        403,
        "Please enable access to public gated repositories in your fine-grained token settings "
        "to view this repository.",
    )


def out_of_scope(repo: str) -> HubError:
    return HubError(403, f"Your token lacks the permission repo.content.read on {repo}.")


def not_writable(repo: str) -> HubError:
    return HubError(
        403, f"Forbidden: pass a token that has the permission repo.write on {repo}.", "Forbidden"
    )


def parent_moved() -> HubError:
    """A commit on a parent that is no longer the head of its branch."""
    return HubError(412, "A commit has happened since. Please refresh and try again.")


def bad_request(message: str) -> HubError:
    return HubError(400, message)


def conflict(message: str) -> HubError:
    """Something of that name exists."""
    return HubError(409, message)


def invalid_credentials() -> HubError:
    return HubError(401, "Invalid credentials in Authorization header")


def no_route(method: str, path: str) -> HubError:
    return HubError(404, f"no route for {method} {path}")
