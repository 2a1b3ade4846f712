"""The corpora of the tasks that the paper's data lacks, each over its sample corpus.

By default one corpus a task is built as a whole; the others are read up to their drafts, and built
among the full tests.
"""

from __future__ import annotations

import pytest

from tests.transforms.sources.adapter_case import (
    AdapterCase,
    DraftCase,
    assert_built_as_planted,
)


class TestShareGptVideo(AdapterCase):
    corpus = "sharegpt_video"


class TestAlignAnythingQuestions(AdapterCase):
    corpus = "align_anything_ta2t"


class TestAlignAnythingSounds(DraftCase):
    corpus = "align_anything_t2a"


class TestAudioAlpaca(AdapterCase):
    corpus = "audio_alpaca"


class TestRewardDb3d(DraftCase):
    corpus = "rewarddb_3d"


class TestGenBench3dOfViews(DraftCase):
    corpus = "genbench_3d_views"


class TestGenBench3d(AdapterCase):
    corpus = "genbench_3d"


class TestEditReward(AdapterCase):
    corpus = "edit_reward"


class TestRapidataImages(DraftCase):
    corpus = "rapidata_images"


class TestRapidataVideo(DraftCase):
    corpus = "rapidata_video"


@pytest.mark.full
@pytest.mark.parametrize(
    "corpus",
    ["align_anything_t2a", "rewarddb_3d", "genbench_3d", "rapidata_images", "rapidata_video"],
)
def test_a_build_meets_all_that_was_planted(corpus: str) -> None:
    assert_built_as_planted(corpus, DraftCase.scale)
