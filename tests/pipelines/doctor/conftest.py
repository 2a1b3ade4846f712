"""An environment without proxies, tokens and keys of the machine that runs the tests."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

_OURS = re.compile(r"^(HF_|HUGGING|TRANSFORMERS|OPENAI|GOOGLE|CLOUDSDK|OMNIREWARD|.*_proxy$)", re.I)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if _OURS.match(name):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
