"""Who asks for which repo and revision: the questions every route starts with."""

from __future__ import annotations

from dataclasses import dataclass

from tests.hub_server import access, errors
from tests.hub_server.messages import Request
from tests.hub_server.signing import Signer
from tests.hub_server.store import Commit, Repo, Store
from tests.hub_server.tokens import Token, Tokens


@dataclass(frozen=True)
class Hub:
    """What routes work on."""

    endpoint: str
    store: Store
    tokens: Tokens
    signer: Signer
    page_size: int
    cache_redirect: bool


class MovedError(Exception):
    """The repo has another name now."""

    def __init__(self, old: str, new: str) -> None:
        super().__init__(f"{old} is {new}")
        self.old = old
        self.new = new


@dataclass(frozen=True)
class Caller:
    """The sender of a request, with a known token or anonymous."""

    hub: Hub
    token: Token | None

    @staticmethod
    def of(request: Request, hub: Hub) -> Caller:
        token = access.token_of(request.headers.get("authorization"), hub.tokens)
        return Caller(hub, token)

    def repo(self, name: str) -> Repo:
        """The repo, if the caller may know of it."""
        now = self.hub.store.renamed.get(name, name)
        repo = access.visible(self.hub.store.find(now), self.token)
        if now != name:
            raise MovedError(name, now)
        return repo

    def writable(self, name: str) -> Repo:
        """The repo, if the caller may change it."""
        repo = self.repo(name)
        access.require_write(repo.name, self.token)
        return repo

    def require_content(self, repo: Repo) -> None:
        """Refuse the files of a gated repo to a caller who was not let in."""
        access.require_content(repo, self.token)


def commit_of(repo: Repo, revision: str) -> Commit:
    """The commit that a revision of a URL names."""
    commit = repo.find(revision)
    if commit is None:
        raise errors.revision_not_found(revision)
    return commit
