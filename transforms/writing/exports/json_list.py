"""A JSON list in a file, written item by item: a line each, and all of it in place or nothing.

Without an item there is no file, and one that was there is removed.
"""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any

from transforms.beamkit import files


class JsonList:
    """Writes ``[``, one item a line, ``]``; without items there is no file afterwards.

    Text is UTF-8; keys stay in the order given. `any` says whether an item was written.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._attempt = files.attempt_name(path)
        self._manager = files.create(self._attempt)
        self.any = False

    def __enter__(self) -> JsonList:
        self._stream = self._manager.__enter__()
        self._stream.write(b"[")
        return self

    def add(self, item: Any) -> None:
        """Write an item."""
        data = json.dumps(item, ensure_ascii=False).encode()
        self._stream.write((b",\n" if self.any else b"\n") + data)
        self.any = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._stream.write(b"\n]\n")
        self._manager.__exit__(kind, error, trace)
        if kind is None and self.any:
            files.rename(self._attempt, self.path)
            return
        stale = [self.path] if kind is None and files.exists(self.path) else []
        files.remove([self._attempt, *stale])
