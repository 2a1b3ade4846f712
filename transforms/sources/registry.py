"""Every corpus that can be read, by the name that the recipe uses. A new one is a line here."""

from __future__ import annotations

from typing import Final

from transforms.sources.adapter import Adapter
from transforms.sources.align_anything import AlignAnything
from transforms.sources.audio_alpaca import AudioAlpaca
from transforms.sources.edit_reward import EditReward
from transforms.sources.evalmuse import Evalmuse
from transforms.sources.evalmuse_pairwise import EvalmusePairwise
from transforms.sources.genbench_3d import GenBench3d
from transforms.sources.hpdv2 import Hpdv2
from transforms.sources.mapped.adapter import MappedAdapter
from transforms.sources.omni_reward_data import OmniRewardData
from transforms.sources.omnialign_v import OmniAlignV
from transforms.sources.open_image_preferences import OpenImagePreferences
from transforms.sources.open_image_preferences_results import OpenImagePreferencesResults
from transforms.sources.paired_folders import PairedFolders
from transforms.sources.rapidata import Rapidata
from transforms.sources.rewarddb_3d import RewardDb3d
from transforms.sources.rlaif_v import RlaifV
from transforms.sources.sharegpt_video import ShareGptVideo
from transforms.sources.skywork import Skywork
from transforms.sources.ultrafeedback import UltraFeedback
from transforms.sources.ultrafeedback_binarized import UltraFeedbackBinarized
from transforms.sources.videodpo import VideoDpo
from transforms.sources.videodpo_original import VideoDpoOriginal
from transforms.sources.visionreward import VisionReward
from transforms.sources.visionreward_train import VisionRewardTrain
from transforms.sources.vlfeedback import VlFeedback

#: None: the recipe knows the corpus, this release can't read it yet.
ADAPTERS: Final[dict[str, type[Adapter] | None]] = {
    "align_anything": AlignAnything,
    "audio_alpaca": AudioAlpaca,
    "edit_reward": EditReward,
    "evalmuse": Evalmuse,
    "evalmuse_pairwise": EvalmusePairwise,
    "genbench_3d": GenBench3d,
    "hpdv2": Hpdv2,
    "mapped": MappedAdapter,
    "omni_reward_data": OmniRewardData,
    "omnialign_v": OmniAlignV,
    "open_image_preferences": OpenImagePreferences,
    "open_image_preferences_results": OpenImagePreferencesResults,
    "paired_folders": PairedFolders,
    "rapidata": Rapidata,
    "rewarddb_3d": RewardDb3d,
    "rlaif_v": RlaifV,
    "sharegpt_video": ShareGptVideo,
    "skywork": Skywork,
    "ultrafeedback": UltraFeedback,
    "ultrafeedback_binarized": UltraFeedbackBinarized,
    "videodpo": VideoDpo,
    "videodpo_original": VideoDpoOriginal,
    "vlfeedback": VlFeedback,
    "visionreward": VisionReward,
    "visionreward_train": VisionRewardTrain,
}
