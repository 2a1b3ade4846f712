"""What must never be shown: values of secrets, and the parts of a URL that may hold one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import unquote, urlsplit

from pipelines.doctor.finding import Finding

_MASK: Final = "***"
#: Shorter values would blot out ordinary words.
_LEAST_LENGTH: Final = 6
_SECRET_NAME: Final = re.compile(r"TOKEN|KEY|SECRET|PASSW|CREDENTIAL|AUTH(?!OR)", re.IGNORECASE)
_PROXY_NAME: Final = re.compile(r"_proxy$", re.IGNORECASE)
#: Credentials before the host of a URL, or of an address without a scheme.
_USER_PART: Final = re.compile(r"^(?:\w[\w+.-]*://)?([^/?#]*)@")
_LONGEST: Final = 300


def shown_url(url: str) -> str:
    """A URL as it may be shown: scheme, host, port, path; no user, password, query, fragment."""
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "(not a URL)"
    if not host:
        return "(not a URL)"
    host = f"[{host}]" if ":" in host else host
    scheme = f"{parts.scheme}://" if parts.scheme else ""
    return f"{scheme}{host}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def user_part(url: str) -> str | None:
    """What stands before the `@` of a URL: a user name, often with a password."""
    found = _USER_PART.match(url)
    return found.group(1) if found else None


def secrets_of(environment: Mapping[str, str]) -> set[str]:
    """Values in the environment that are secrets by their names, and credentials in its URLs."""
    secrets: set[str] = set()
    for name, value in environment.items():
        user = user_part(value)
        if user is not None:
            secrets |= {user, unquote(user), *user.split(":", 1), *unquote(user).split(":", 1)}
        names_a_file = "/" in value and value.startswith(("/", "~", "."))
        if _SECRET_NAME.search(name) and not _PROXY_NAME.search(name) and not names_a_file:
            secrets |= {value, value.strip(), *value.split()}
    return secrets


def masked(findings: Iterable[Finding], secrets: Iterable[str]) -> list[Finding]:
    """The findings with every secret value masked and unprintable characters left out.

    The last line of defence: checks don't quote what a server said, except names it lists.
    """
    longest_first = sorted(
        {s for s in secrets if len(s) >= _LEAST_LENGTH}, key=lambda s: (-len(s), s)
    )
    pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def clean(text: str) -> str:
        if pattern is not None:
            text = pattern.sub(_MASK, text)
        return "".join(c if c.isprintable() else " " for c in text)

    return [
        replace(
            finding,
            detail=clean(finding.detail),
            remedy=None if finding.remedy is None else clean(finding.remedy),
        )
        for finding in findings
    ]


def said(text: object) -> str:
    """A name that a server gave, at most so long."""
    plain = str(text)
    return plain if len(plain) <= _LONGEST else plain[:_LONGEST] + "…"
