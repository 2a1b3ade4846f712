"""Who may read and write what: repos that are private or gated, tokens unknown or too narrow."""

from __future__ import annotations

from tests.hub_server import errors
from tests.hub_server.store import Repo
from tests.hub_server.tokens import Token, Tokens


def token_of(authorization: str | None, tokens: Tokens) -> Token | None:
    """The token a request carries, or nothing if it carries none."""
    if authorization is None:
        return None
    kind, _, value = authorization.partition(" ")
    token = tokens.find(value.strip()) if kind.lower() == "bearer" else None
    if token is None:
        raise errors.invalid_credentials()
    return token


def visible(repo: Repo | None, token: Token | None) -> Repo:
    """The repo, if the caller may know that it is there."""
    if repo is None:
        raise errors.repo_not_found(anonymous=token is None)
    if not repo.private:
        return repo
    if token is None:
        raise errors.repo_not_found(anonymous=True)
    if not (token.is_member(repo.namespace) or repo.name in token.private_access):
        raise errors.repo_not_found(anonymous=False)
    if not token.in_scope(repo.name):
        raise errors.out_of_scope(repo.name)
    return repo


def require_write(name: str, token: Token | None) -> None:
    """Refuse to change a repo, which need not exist yet."""
    if token is None:
        raise errors.repo_not_found(anonymous=True)
    if not token.may_write(name):
        raise errors.not_writable(name)


def require_content(repo: Repo, token: Token | None) -> None:
    """Refuse files of a gated repo to those who were not let in. Its listing is open to all."""
    if not repo.gated:
        return
    if token is None:
        raise errors.gated(repo.name, anonymous=True)
    if not (token.is_member(repo.namespace) or repo.name in token.gated_access):
        raise errors.gated(repo.name, anonymous=False)
    narrow = token.role == "fineGrained" and not token.can_read_gated
    if narrow and not any(scope.reads(repo.name) for scope in token.scopes):
        raise errors.gated_not_enabled()
