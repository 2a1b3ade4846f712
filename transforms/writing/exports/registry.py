"""The formats of export, by name."""

from __future__ import annotations

from typing import Final

from transforms.writing.exports.format import Format
from transforms.writing.exports.llamafactory import LlamaFactory

FORMATS: Final[dict[str, Format]] = {one.name: one for one in (LlamaFactory(),)}
