"""The sample corpora by name. A new corpus is one module and one line here."""

from __future__ import annotations

from typing import Final

from pipelines.sample_corpora import (
    align_anything,
    audio_alpaca,
    edit_reward,
    evalmuse,
    evalmuse_pairwise,
    genbench_3d,
    hpdv2,
    omnialign_v,
    open_image_preferences,
    rapidata,
    rewarddb_3d,
    rlaif_v,
    sharegpt_video,
    skywork,
    ultrafeedback,
    ultrafeedback_binarized,
    videodpo,
    videodpo_original,
    visionreward,
    visionreward_train,
    vlfeedback,
    vlfeedback_parquet,
)
from pipelines.sample_corpora.planted import Corpus

CORPORA: Final[dict[str, Corpus]] = {
    corpus.name: corpus
    for corpus in (
        skywork.CORPUS,
        rlaif_v.CORPUS,
        hpdv2.CORPUS,
        omnialign_v.CORPUS,
        omnialign_v.OLDER,
        evalmuse.CORPUS,
        evalmuse_pairwise.CORPUS,
        open_image_preferences.CORPUS,
        open_image_preferences.CORPUS_OF_RESULTS,
        ultrafeedback.CORPUS,
        ultrafeedback_binarized.CORPUS,
        vlfeedback.CORPUS,
        vlfeedback_parquet.CORPUS,
        videodpo.CORPUS,
        videodpo_original.FOLDER,
        videodpo_original.SHARDS,
        visionreward.CORPUS,
        visionreward.FRAMES,
        visionreward_train.CORPUS,
        sharegpt_video.CORPUS,
        align_anything.TA2T,
        align_anything.T2A,
        audio_alpaca.CORPUS,
        rewarddb_3d.CORPUS,
        genbench_3d.CORPUS,
        genbench_3d.VIEWS,
        edit_reward.CORPUS,
        rapidata.IMAGES_CORPUS,
        rapidata.VIDEO_CORPUS,
    )
}
