"""JSON text to values, for text that nobody vouches for: how deep it may be nested is bounded.

What is read here can be written, printed and compared by functions that call themselves once a
level, however deep in other calls they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from transforms.sources.formats.brackets import depth_of

#: Objects and lists inside each other, at most; corpora have about ten.
MAX_DEPTH: Final = 200

Hook = Callable[[list[tuple[str, Any]]], Any]


class TooDeepError(ValueError):
    """JSON text is nested too deep to be read."""


class JsonReader:
    """Reads JSON text as `json.loads` does; `hook` makes its objects of their pairs.

    `around` are levels that don't count as depth: those in which what is to be used stands.
    """

    def __init__(self, hook: Hook | None = None, around: int = 0) -> None:
        self._most = MAX_DEPTH + around
        self._decode = json.JSONDecoder(object_pairs_hook=hook).decode

    def read(self, text: str | bytes, depth: int | None = None) -> Any:
        """The value of a text, whose depth may be known.

        Raises:
            ValueError: it is not JSON (`json.JSONDecodeError`), not text in an encoding of
                Unicode, nested deeper than `MAX_DEPTH` (`TooDeepError`), or refused by the hook.
        """
        if isinstance(text, bytes):
            text = text.decode(_encoding(text[:4]), "surrogatepass")
        if depth is None:
            depth = text.count("[") + text.count("{")
            if depth > self._most:
                depth = depth_of(text.encode("utf-8", "surrogatepass"))
        if depth > self._most:
            raise TooDeepError(f"it is nested more than {MAX_DEPTH} levels deep")
        return self._decode(text)


def _encoding(head: bytes) -> str:
    return "utf-8" if head.isascii() and b"\0" not in head else json.detect_encoding(head)


#: `JsonReader.read` without a hook.
parse_json: Final = JsonReader().read
