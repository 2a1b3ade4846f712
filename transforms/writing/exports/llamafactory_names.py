"""Names of the published subsets in the trainer's `dataset_info.json`, and their media folders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Names:
    """The key of a subset in `dataset_info.json`, and the folder of its media."""

    key: str
    media: str


#: The keys are those of the training scripts; the folders are the prefixes of the published paths,
#: where one is known.
NAMES: Final[dict[str, Names]] = {
    "Skywork-Reward-Preference": Names("skywork_reward", "skywork_reward"),
    "Omni-Skywork-Reward-Preference": Names("omni_t2t_skywork", "omni_t2t"),
    "Omni-UltraFeedback": Names("omni_t2t_ultrafeedback", "omni_t2t"),
    "RLAIF-V": Names("rlaifv", "rlaifv"),
    "OmniAlign-V-DPO": Names("omnialign", "omnialign"),
    "Omni-RLAIF-V": Names("omni_ti2t_rlaifv", "omni_ti2t"),
    "Omni-VLFeedback": Names("omni_ti2t_vlfeedback", "omni_ti2t"),
    "HPDv2": Names("hpdv2", "hpdv2"),
    "EvalMuse": Names("evalmuse", "evalmuse"),
    "Omni-HPDv2": Names("omni_t2i_hpd", "omni_t2i_hpd"),
    "Omni-Open-Image-Preferences": Names("omni_t2i_oip", "omni_t2i"),
    "VideoDPO": Names("videodpo", "videodpo_image"),
    "VisionRewardDB-Video": Names("visionreward", "visionrewardv"),
}


def names_of(subset: str) -> Names:
    """The names of a subset; of one that was not published, from its own name."""
    own = re.sub(r"[^a-z0-9]+", "_", subset.lower()).strip("_") or "subset"
    return NAMES.get(subset, Names(own, own))
