"""The sample corpora by name. A new corpus is one module and one line here."""

from __future__ import annotations

from typing import Final

from pipelines.sample_corpora import hpdv2, rlaif_v, skywork
from pipelines.sample_corpora.planted import Corpus

CORPORA: Final[dict[str, Corpus]] = {
    corpus.name: corpus
    for corpus in (
        skywork.CORPUS,
        rlaif_v.CORPUS,
        hpdv2.CORPUS,
    )
}
