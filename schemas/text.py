"""The canonical form of text: what counts as the same text for identity.

Only two things are normalised: Unicode composition (NFC) and line ends. White space, case and
punctuation are content (code, poems), so they are never touched.
"""

from __future__ import annotations

import unicodedata


def canonical_text(text: str) -> str:
    """Return `text` in NFC with every ``\\r\\n`` and lone ``\\r`` as ``\\n``.

    Composition is done after line ends; neither step can undo the other, so the function is
    idempotent.

    Raises:
        ValueError: the text holds a lone surrogate, which has no UTF-8 form.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"lone surrogate at character {error.start}") from error
    return unicodedata.normalize("NFC", text)
