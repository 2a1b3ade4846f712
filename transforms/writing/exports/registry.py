"""The formats of export, by name."""

from __future__ import annotations

from typing import Final

from transforms.writing.exports.format import Format
from transforms.writing.exports.llamafactory import LlamaFactory
from transforms.writing.exports.omnirewardbench import OmniRewardBench
from transforms.writing.exports.trl import Trl

FORMATS: Final[dict[str, Format]] = {
    one.name: one for one in (LlamaFactory(), Trl(), OmniRewardBench())
}
