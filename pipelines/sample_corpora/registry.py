"""The sample corpora by name. A new corpus is one module and one line here."""

from __future__ import annotations

from typing import Final

from pipelines.sample_corpora import (
    evalmuse,
    evalmuse_pairwise,
    hpdv2,
    omnialign_v,
    open_image_preferences,
    rlaif_v,
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
    )
}
