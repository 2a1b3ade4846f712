"""A key: read from the environment, shown to nobody but the server, taken out of foreign texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NoReturn

_SHOWN: Final = "[key]"
#: A shorter piece of a key gives nothing away, and would be found by chance.
_LEAST: Final = 8


class Secret:
    """Holds a key; its text forms don't, and it can't be pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key, for the client alone."""
        return self._value

    def scrub(self, text: str) -> str:
        """`text` without the key or long pieces of its beginning or end (servers repeat some)."""
        value = self._value
        if not value:
            return text
        text = text.replace(value, _SHOWN)
        for length in range(len(value) - 1, _LEAST - 1, -1):
            for piece in (value[:length], value[-length:]):
                text = text.replace(piece, _SHOWN)
        return text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled: each process reads its own environment")


def read_key(variable: str | None, environment: Mapping[str, str]) -> Secret | None:
    """The key in an environment variable; None where it is not set or no variable is named.

    Raises:
        ValueError: it holds characters that no header can carry.
    """
    value = (environment.get(variable) or "").strip() if variable else ""
    if any(not 33 <= ord(letter) <= 126 for letter in value):
        raise ValueError(f"{variable} has blanks or other characters that no key has")
    return Secret(value) if value else None
