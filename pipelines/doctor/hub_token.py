"""The Hub's token: where it is found, and what the account behind it may do."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pipelines.doctor.commands import beside_python
from pipelines.doctor.finding import Finding
from pipelines.doctor.hidden import said

_VARIABLES: Final = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
_WRITERS: Final = ("admin", "write", "contributor")
_SETTINGS: Final = "/settings/tokens"


@dataclass(frozen=True)
class Token:
    """A token and where it was found. It is never printed: `repr` leaves it out."""

    value: str | None
    origin: str
    #: Why there is none although one is configured.
    trouble: str | None = None

    def __repr__(self) -> str:
        return f"Token(origin={self.origin!r})"


def find_token(environment: Mapping[str, str], *, offline: bool) -> Token:
    """The token that the Hub's client would send. With `offline` nothing is exchanged for one."""
    if environment.get("HF_OIDC_RESOURCE"):
        if offline:
            return Token(None, "HF_OIDC_RESOURCE", "is exchanged when it is needed")
        origin = "HF_OIDC_RESOURCE"
    else:
        origin = next((name for name in _VARIABLES if environment.get(name)), "")
    if origin in _VARIABLES:
        return Token(_clean(environment[origin]), origin)
    file = login_file(environment)
    try:
        stored = _clean(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        stored = None
    if offline or (stored is None and not origin):
        return Token(stored, "hf auth login")
    try:  # a token of a browser login is renewed here where it has run out
        from huggingface_hub import get_token

        return Token(get_token() or stored, origin or "hf auth login")
    except ImportError:
        return Token(stored, "hf auth login")
    except Exception as error:  # its text may quote what was exchanged
        return Token(
            stored, origin or "hf auth login", f"can't be renewed ({type(error).__name__})"
        )


def login_file(environment: Mapping[str, str]) -> Path:
    """The file that `hf auth login` writes."""
    home = environment.get("HF_HOME") or os.path.join(
        environment.get("XDG_CACHE_HOME") or "~/.cache", "huggingface"
    )
    named = environment.get("HF_TOKEN_PATH") or os.path.join(home, "token")
    return Path(os.path.expanduser(os.path.expandvars(named)))


def log_in(origin: str, endpoint: str) -> str:
    """What replaces a token that is refused."""
    if origin in _VARIABLES:
        return f"Make a token at {endpoint}{_SETTINGS}, then: export {origin}=hf_…"
    if origin == "HF_OIDC_RESOURCE":
        return f"Correct HF_OIDC_RESOURCE, or: unset HF_OIDC_RESOURCE; {_hf()} auth login"
    return f"{_hf()} auth login --force"


def first_log_in() -> str:
    """What makes a token where there is none."""
    return f"{_hf()} auth login"


def _hf() -> str:
    return beside_python("hf")


def check_rights(who: Mapping[str, Any], token: Token, endpoint: str) -> list[Finding]:
    """What the Hub says of a token: account, role, scopes, gated corpora."""
    access = _mapping(_mapping(who.get("auth")).get("accessToken"))
    role = str(access.get("role") or "")
    account = said(who.get("name") or "somebody")
    where = f"from {token.origin}"
    if role != "fineGrained":
        kind = {"read": "reads", "write": "reads and writes"}.get(role, "of an unknown role")
        detail = f"of {account}, {where}: {kind}"
        return [
            Finding("hub", "token", "ok", detail),
            Finding("hub", "gated corpora", "ok", "readable once you accepted their terms"),
        ]
    scopes = _scopes(access)
    rights = sorted({right for _, right in scopes if "repo" in right})
    told = ", ".join(map(said, rights[:4])) + (", …" if len(rights) > 4 else "")
    detail = f"of {account}, {where}: fine-grained, {told or 'no scope on repositories'}"
    findings = [Finding("hub", "token", "ok", detail)]
    if _mapping(access.get("fineGrained")).get("canReadGatedRepos"):
        findings.append(
            Finding("hub", "gated corpora", "ok", "readable once you accepted their terms")
        )
    else:
        remedy = (
            f"At {endpoint}{_SETTINGS} give the token: "
            "Read access to contents of all public gated repos you can access"
        )
        detail = "the token's scopes leave them out"
        findings.append(Finding("hub", "gated corpora", "warn", detail, remedy))
    return findings


def check_publication(who: Mapping[str, Any], token: Token, repo: str, endpoint: str) -> Finding:
    """Whether the token may write to the dataset `owner/name` that the recipe publishes."""
    access = _mapping(_mapping(who.get("auth")).get("accessToken"))
    role, owner = access.get("role"), repo.partition("/")[0]
    settings = f"{endpoint}{_SETTINGS}"

    def refused(detail: str, remedy: str) -> Finding:
        return Finding("hub", "publication", "fail", f"{repo}: {detail}", remedy)

    if role == "fineGrained":
        held = {right for name, right in _scopes(access) if name in (owner, repo)}
        if "repo.write" in held:
            return Finding("hub", "publication", "ok", f"{repo}: the token may write")
        detail = "no scope of the token lets it write"
        return refused(detail, f"At {settings} give the token write access to {owner} or {repo}")
    if role != "write":
        remedy = f"Make a token with the role write at {settings}, then: {log_in_with(token)}"
        return refused("the token only reads", remedy)
    if owner == who.get("name"):
        return Finding("hub", "publication", "ok", f"{repo}: the token may write")
    organisations = who.get("orgs")
    roles = {
        org.get("name"): org.get("roleInOrg")
        for org in map(_mapping, organisations if isinstance(organisations, list) else [])
    }
    if owner not in roles:
        detail = f"{said(who.get('name'))} is not a member of {owner}"
        return refused(detail, f"Ask {owner} to add you, or name a repository of your own")
    if roles[owner] is not None and roles[owner] not in _WRITERS:
        detail = f"your role in {owner} is {said(roles[owner])}"
        return refused(detail, f"Ask an administrator of {owner} for the role write")
    return Finding("hub", "publication", "ok", f"{repo}: the token may write")


def log_in_with(token: Token) -> str:
    """The command that puts another token in place of this one."""
    if token.origin in _VARIABLES:
        return f"export {token.origin}=hf_…"
    return f"{_hf()} auth login --force"


def _scopes(access: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(entity, right) of a fine-grained token, such as ("me/pairs", "repo.write")."""
    scoped = _mapping(access.get("fineGrained")).get("scoped")
    found = []
    for scope in map(_mapping, scoped if isinstance(scoped, list) else []):
        name = str(_mapping(scope.get("entity")).get("name") or "")
        rights = scope.get("permissions")
        found += [(name, str(right)) for right in (rights if isinstance(rights, list) else [])]
    return found


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _clean(text: str) -> str | None:
    """As the Hub's client reads a token: line breaks and blanks around it don't count."""
    return text.replace("\r", "").replace("\n", "").strip() or None
