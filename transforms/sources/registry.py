"""Every corpus that can be read, by the name that the recipe uses. A new one is a line here."""

from __future__ import annotations

from typing import Final

from transforms.sources.adapter import Adapter
from transforms.sources.columns_adapter import ColumnsAdapter
from transforms.sources.hpdv2 import Hpdv2
from transforms.sources.rlaif_v import RlaifV
from transforms.sources.skywork import Skywork

#: None: the recipe knows the corpus, this release can't read it yet.
ADAPTERS: Final[dict[str, type[Adapter] | None]] = {
    "columns": ColumnsAdapter,
    "evalmuse": None,
    "hpdv2": Hpdv2,
    "omnialign_v": None,
    "open_image_preferences": None,
    "rlaif_v": RlaifV,
    "skywork": Skywork,
    "ultrafeedback": None,
    "videodpo": None,
    "vlfeedback": None,
    "visionreward": None,
}
