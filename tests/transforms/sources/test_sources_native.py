"""The adapters of published corpora, each over its sample corpus in native layout."""

from __future__ import annotations

from tests.transforms.sources.adapter_case import AdapterCase


class TestSkywork(AdapterCase):
    corpus = "skywork"


class TestRlaifV(AdapterCase):
    corpus = "rlaif_v"


class TestHpdv2(AdapterCase):
    corpus = "hpdv2"
    scale = 0.0002
