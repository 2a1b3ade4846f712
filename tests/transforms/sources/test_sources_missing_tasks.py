"""The corpora of the tasks that the paper's data lacks, each over its sample corpus."""

from __future__ import annotations

from tests.transforms.sources.adapter_case import AdapterCase, DraftCase


class TestShareGptVideo(AdapterCase):
    corpus = "sharegpt_video"


class TestAlignAnythingQuestions(AdapterCase):
    corpus = "align_anything_ta2t"


class TestAlignAnythingSounds(DraftCase):
    corpus = "align_anything_t2a"


class TestAudioAlpaca(AdapterCase):
    corpus = "audio_alpaca"


class TestRewardDb3d(AdapterCase):
    corpus = "rewarddb_3d"


class TestGenBench3d(DraftCase):
    corpus = "genbench_3d"


class TestGenBench3dWithMeshes(AdapterCase):
    corpus = "genbench_3d_meshes"


class TestEditReward(AdapterCase):
    corpus = "edit_reward"


class TestRapidataImages(DraftCase):
    corpus = "rapidata_images"


class TestRapidataVideo(AdapterCase):
    corpus = "rapidata_video"
