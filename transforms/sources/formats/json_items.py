"""The items of one JSON list, or the members of one object, as text: a file is never held whole.

They are told apart by brackets and commas alone. Whether an item is JSON is for its reader to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

import numpy as np

from transforms.sources.formats.brackets import BLOCK, COMMA, Brackets
from transforms.sources.formats.json_text import parse_json

#: An item beyond this is a bomb, not a record that anybody judged.
MAX_ITEM: Final = 64 * 1024 * 1024

_CLOSING: Final = {b"[": b"]", b"{": b"}"}
_SPACE: Final = b" \t\r\n"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
#: How far from its end text that was cut short can be wrong for that alone: half an escape, a
#: number or a word that lacks its last letters.
_CUT_TOKEN: Final = 16


class ItemsError(ValueError):
    """The text is not one list or object; says what is wrong with it after the last item."""


class OtherTextError(ItemsError):
    """The text begins with something else."""


class CutShortError(ItemsError):
    """The text ends before the list or object does."""


class Run(NamedTuple):
    """Items that follow one another: their text, commas included; how many, and how deep."""

    text: bytes
    items: int
    depth: int


def runs(stream: BinaryIO, opening: bytes = b"[") -> Iterator[Run]:
    """The items of a list, as many at once as end in one block; a list without items has none.

    With ``{`` for `opening`, the members of an object: name, colon and value. At most one item and
    one block of the stream are held. Within a run nothing is checked.

    Raises:
        OtherTextError: it is no list (or object).
        CutShortError: the end is missing.
        ItemsError: more text follows, or an item is missing or longer than `MAX_ITEM`.
    """
    block, start = _head(stream), 1
    if not block.startswith(opening):
        raise OtherTextError(f"it does not begin with {opening.decode()}")
    brackets = Brackets()
    pieces: list[bytes] = []
    number = deepest = 0
    while block:
        at, kinds, depths = brackets.follow(block)
        closed = np.flatnonzero(depths == 0)[:1]
        if len(closed):
            at, kinds, depths = (marks[: int(closed[0]) + 1] for marks in (at, kinds, depths))
        cuts = np.flatnonzero((depths == 0) | ((depths == 1) & (kinds == COMMA)))
        last = int(cuts[-1]) if len(cuts) else -1
        if len(cuts):
            text = b"".join((*pieces, block[start : at[last]]))
            if text.strip(_SPACE):
                # The list itself doesn't count.
                yield Run(text, len(cuts), max(deepest, int(depths[: last + 1].max())) - 1)
            elif number or len(cuts) > 1 or not len(closed):
                raise ItemsError("a value is missing where a comma or the end stands")
            number += len(cuts)
            pieces, deepest, start = [], 0, int(at[last]) + 1
        if len(closed):
            _expect_end(_CLOSING[opening], block[start - 1 :], stream)
            return
        deepest = max(deepest, int(depths[last + 1 :].max(initial=1)))
        pieces.append(block[start:])
        if sum(map(len, pieces)) > MAX_ITEM:
            raise ItemsError(
                _wrong_inside(pieces, opening) or f"the next one is longer than {MAX_ITEM:,} bytes"
            )
        block, start = stream.read(BLOCK), 0
    wrong = _wrong_inside(pieces, opening)
    raise CutShortError("something is never closed") if wrong is None else ItemsError(wrong)


def split(run: Run) -> Iterator[bytes]:
    """The items of a run one by one, without the white space around them; one may be missing."""
    brackets, start = Brackets(), 0
    for first in range(0, len(run.text), BLOCK):
        at, kinds, depths = brackets.follow(run.text[first : first + BLOCK])
        for cut in (at[(depths == 0) & (kinds == COMMA)] + first).tolist():
            yield run.text[start:cut].strip(_SPACE)
            start = cut + 1
    yield run.text[start:].strip(_SPACE)


def _head(stream: BinaryIO) -> bytes:
    """The first block, from the first character that is no white space."""
    head = stream.read(BLOCK).removeprefix(_BYTE_ORDER_MARK).lstrip(_SPACE)
    while not head and (block := stream.read(BLOCK)):
        head = block.lstrip(_SPACE)
    return head


def _expect_end(closing: bytes, rest: bytes, stream: BinaryIO) -> None:
    if rest[:1] != closing:
        raise ItemsError(f"{rest[:1].decode()} stands where {closing.decode()} is due")
    rest = rest[1:].strip(_SPACE)
    while not rest and (block := stream.read(BLOCK)):
        rest = block.strip(_SPACE)
    if rest:
        raise ItemsError("more text follows its end")


def _wrong_inside(pieces: list[bytes], opening: bytes) -> str | None:
    """What makes the beginning of an item no JSON: a stray quote hides where the item ends.

    None where it may only lack its end.
    """
    begun = b"".join(pieces)
    try:
        parse_json(b"{" + begun if opening == b"{" else begun)
    except json.JSONDecodeError as error:
        is_open = error.msg.startswith("Unterminated string")
        return None if is_open or error.pos > len(error.doc) - _CUT_TOKEN else str(error)
    except ValueError:
        pass
    return None
