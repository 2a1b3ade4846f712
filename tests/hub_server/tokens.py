"""Access tokens: whose they are, what they may read and write, and how `whoami` describes them."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["read", "write", "fineGrained"]
_READING = {"repo.content.read", "repo.write"}


@dataclass(frozen=True)
class Scope:
    """What a fine-grained token may do with the repos of one user, of one org, or with one repo."""

    entity_type: Literal["user", "org", "dataset"]
    entity_name: str
    permissions: tuple[str, ...] = ("repo.content.read",)

    def reads(self, repo: str) -> bool:
        """Whether it lets a token read this repo."""
        owned = self.entity_name in (repo, repo.partition("/")[0])
        return owned and not _READING.isdisjoint(self.permissions)

    def writes(self, repo: str) -> bool:
        """Whether it lets a token write to this repo."""
        owned = self.entity_name in (repo, repo.partition("/")[0])
        return owned and "repo.write" in self.permissions

    def described(self) -> dict[str, Any]:
        entity = {"_id": _id(self.entity_name), "type": self.entity_type, "name": self.entity_name}
        return {"entity": entity, "permissions": list(self.permissions)}


@dataclass(frozen=True)
class Token:
    """One token of one user, and the repos of others that this user may read."""

    value: str
    role: Role
    name: str
    orgs: tuple[str, ...]
    private_access: frozenset[str]
    gated_access: frozenset[str]
    scopes: tuple[Scope, ...]
    global_permissions: tuple[str, ...]
    can_read_gated: bool

    def is_member(self, namespace: str) -> bool:
        return namespace == self.name or namespace in self.orgs

    def in_scope(self, repo: str) -> bool:
        """Whether the token itself, whatever its user may do, lets one read a private repo."""
        return self.role != "fineGrained" or any(scope.reads(repo) for scope in self.scopes)

    def may_write(self, repo: str) -> bool:
        """Whether it may write to a repo: a right of its user, and within its role or scopes."""
        if not self.is_member(repo.partition("/")[0]):
            return False
        if self.role == "fineGrained":
            return any(scope.writes(repo) for scope in self.scopes)
        return self.role == "write"

    def whoami(self) -> dict[str, Any]:
        """The answer of the Hub's `whoami-v2`."""
        access: dict[str, Any] = {
            "displayName": f"{self.name}'s token",
            "role": self.role,
            "createdAt": "2024-01-01T00:00:00.000Z",
        }
        if self.role == "fineGrained":
            access["fineGrained"] = {
                "canReadGatedRepos": self.can_read_gated,
                "global": list(self.global_permissions),
                "scoped": [scope.described() for scope in self.scopes],
            }
        orgs = [
            {"type": "org", "id": _id(org), "name": org, "fullname": org, "roleInOrg": "write"}
            for org in self.orgs
        ]
        return {
            "type": "user",
            "id": _id(self.name),
            "name": self.name,
            "fullname": self.name.title(),
            "isPro": False,
            "canPay": False,
            "orgs": orgs,
            "auth": {"type": "access_token", "accessToken": access},
        }


class Tokens:
    """The tokens a server knows. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[str, Token] = {}

    def add(
        self,
        value: str,
        *,
        role: Role = "read",
        name: str = "ada",
        orgs: Iterable[str] = (),
        private_access: Iterable[str] = (),
        gated_access: Iterable[str] = (),
        scopes: Iterable[Scope] = (),
        global_permissions: Iterable[str] = (),
        can_read_gated: bool = False,
    ) -> Token:
        """Make a token known.

        Its user owns the repos of `name`, shares those of `orgs`, and was let into the private and
        gated repos given. `scopes` and `can_read_gated` limit a fine-grained token further.
        """
        token = Token(
            value, role, name, tuple(orgs), frozenset(private_access), frozenset(gated_access),
            tuple(scopes), tuple(global_permissions), can_read_gated,
        )  # fmt: skip
        with self._lock:
            self._tokens[value] = token
        return token

    def revoke(self, value: str) -> None:
        with self._lock:
            del self._tokens[value]

    def find(self, value: str) -> Token | None:
        with self._lock:
            return self._tokens.get(value)


def _id(name: str) -> str:
    """An id in the form of the Hub's: 24 hex digits."""
    return name.encode().hex().ljust(24, "0")[:24]
