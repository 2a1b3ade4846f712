"""The cards of corpora and subsets: complete folders, exact keys, sane values, readable prose."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from pipelines.recipe import load_recipe
from pipelines.resources import shipped

CARDS: Final = Path(__file__).resolve().parents[2] / "data_cards"

CORPORA: Final = (
    "skywork",
    "ultrafeedback",
    "rlaif_v",
    "omnialign_v",
    "vlfeedback",
    "hpdv2",
    "evalmuse",
    "open_image_preferences",
    "videodpo",
    "visionreward",
    "sharegpt_video",
    "align_anything_ta2t",
    "align_anything_t2a",
    "audio_alpaca",
    "rewarddb_3d",
    "genbench_3d",
    "edit_reward",
    "rapidata_images",
    "rapidata_video",
)
# The paper's table: subset -> (task, kind, rows).
PAPER: Final[dict[str, tuple[str, str, int | None]]] = {
    "Skywork-Reward-Preference": ("t2t", "general", 50_000),
    "Omni-Skywork-Reward-Preference": ("t2t", "instruction", 16_376),
    "Omni-UltraFeedback": ("t2t", "instruction", 7_901),
    "RLAIF-V": ("ti2t", "general", 83_124),
    "OmniAlign-V-DPO": ("ti2t", "general", 50_000),
    "Omni-RLAIF-V": ("ti2t", "instruction", 15_867),
    "Omni-VLFeedback": ("ti2t", "instruction", 12_311),
    "HPDv2": ("t2i", "general", 50_000),
    "EvalMuse": ("t2i", "general", 2_944),
    "Omni-HPDv2": ("t2i", "instruction", 8_959),
    "Omni-Open-Image-Preferences": ("t2i", "instruction", 8_105),
    "VideoDPO": ("t2v", "general", 10_000),
    "VisionRewardDB-Video": ("t2v", "general", 1_795),
}
# Of our own; None takes all there is.
SUBSETS: Final = PAPER | {
    "ShareGPTVideo-DPO": ("tv2t", "general", 17_000),
    "Align-Anything-TA2T": ("ta2t", "general", 30_000),
    "Align-Anything-T2A": ("t2a", "general", 11_000),
    "Audio-Alpaca": ("t2a", "general", 15_000),
    "3DRewardDB": ("t23d", "general", None),
    "3DGen-Bench": ("t23d", "general", None),
    "EditReward-Data": ("ti2i", "general", 50_000),
    "Rapidata-Images": ("t2i", "general", 17_000),
    "Rapidata-Video": ("t2v", "general", 6_900),
    "Measured-T2T": ("t2t", "instruction", 5_000),
    "Measured-TI2T": ("ti2t", "instruction", 5_000),
    "Measured-TV2T": ("tv2t", "instruction", 2_000),
    "Measured-TA2T": ("ta2t", "instruction", 2_000),
    "Measured-T2I": ("t2i", "instruction", 5_000),
    "Measured-T2V": ("t2v", "instruction", 2_000),
    "Measured-T2A": ("t2a", "instruction", 2_000),
    "Measured-T23D": ("t23d", "instruction", 2_000),
    "Measured-TI2I": ("ti2i", "instruction", 2_000),
}
#: Corpora from which Omni-RewardBench takes prompts or pairs of the same task.
IN_THE_BENCHMARK: Final = ("align_anything_ta2t", "audio_alpaca", "rewarddb_3d", "edit_reward")
TASK_MODALITIES: Final = {
    "t2t": {"text"},
    "ti2t": {"text", "image"},
    "t2i": {"text", "image"},
    "t2v": {"text", "video"},
    "tv2t": {"text", "video"},
    "ta2t": {"text", "audio"},
    "t2a": {"text", "audio"},
    "t23d": {"text", "mesh"},
    "ti2i": {"text", "image"},
}

CORPUS_FILES: Final = {"card.md", "metadata.yaml", "CITATION.bib"}
SUBSET_FILES: Final = {"card.md", "metadata.yaml"}
#: What the gate expects of a subset beyond its task.
OPTIONAL_FILES: Final = {"expectations.yaml"}
CORPUS_KEYS: Final[dict[str, tuple[type, ...]]] = {
    "name": (str,),
    "title": (str,),
    "repo": (str,),
    "homepage": (str,),
    "licence": (str,),
    "licence_note": (str, type(None)),
    "nc": (bool,),
    "modalities": (list,),
    "annotator": (str,),
    "languages": (list,),
    "rows": (int, type(None)),
    "files": (list,),
    "unknown": (list,),
    "traps": (list,),
    "arxiv": (str, type(None)),
}
SUBSET_KEYS: Final[dict[str, tuple[type, ...]]] = {
    "name": (str,),
    "title": (str,),
    "corpus": (str,),
    "task": (str,),
    "kind": (str,),
    "rows": (int, type(None)),
    "tags": (list,),
    "preference_from": (str,),
    "built_here": (str,),
}
LICENCES: Final = {"apache-2.0", "mit", "cc-by-nc-4.0", "bsd-3-clause", "unknown"}
ANNOTATORS: Final = {"human", "model", "metric", "mixed"}
CORPUS_HEADINGS: Final = ["What it is", "Native format", "Preference", "Known limits"]
SUBSET_HEADINGS: Final = ["What it is", "How it is built", "Known limits"]
MAX_LINE: Final = 100

FOLDERS: Final = [
    *(f"corpora/{name}" for name in CORPORA),
    *(f"subsets/{name}" for name in SUBSETS),
]


@cache
def metadata(folder: str) -> dict[str, Any]:
    """The parsed metadata of one card folder."""
    loaded = yaml.safe_load((CARDS / folder / "metadata.yaml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict), f"{folder}: metadata is not a mapping"
    return loaded


def check_keys(folder: str, keys: dict[str, tuple[type, ...]]) -> dict[str, Any]:
    """The metadata, once its keys, types and text values are as declared."""
    loaded = metadata(folder)
    assert list(loaded) == list(keys)
    for key, kinds in keys.items():
        value = loaded[key]
        # type(), not isinstance: True is not a number of rows.
        assert type(value) in kinds, f"{folder}: {key} is {type(value).__name__}"
        for text in value if isinstance(value, list) else [value]:
            if isinstance(value, list):
                assert isinstance(text, str), f"{folder}: {key} holds a {type(text).__name__}"
            assert not isinstance(text, str) or text.strip(), f"{folder}: {key} holds an empty text"
        if isinstance(value, list):
            assert len(value) == len(set(value)), f"{folder}: {key} repeats itself"
    return loaded


def sections(folder: str) -> dict[str, str]:
    """The card's text by heading, in order."""
    card = (CARDS / folder / "card.md").read_text(encoding="utf-8")
    before, *parts = re.split(r"^## (.+)$", card, flags=re.MULTILINE)
    assert not before.strip(), f"{folder}: text before the first heading"
    return dict(zip(parts[::2], (text.strip() for text in parts[1::2]), strict=True))


def bib_fields(text: str) -> dict[str, str]:
    """The fields of a file with one BibTeX entry, one field a line or more."""
    pairs = re.findall(r"^  (\w+)\s*=\s*\{(.*?)\},?$", text, flags=re.MULTILINE | re.DOTALL)
    return {name: " ".join(value.split()) for name, value in pairs}


@pytest.mark.parametrize(
    ("group", "names", "files"),
    [("corpora", CORPORA, CORPUS_FILES), ("subsets", SUBSETS, SUBSET_FILES)],
)
def test_every_folder_has_exactly_its_files(group: str, names: Any, files: set[str]) -> None:
    found = {path.name: path for path in (CARDS / group).iterdir()}
    assert set(found) == set(names)
    for path in found.values():
        assert {file.name for file in path.iterdir()} - OPTIONAL_FILES == files, path.name


@pytest.mark.parametrize("name", CORPORA)
def test_corpus_metadata(name: str) -> None:
    loaded = check_keys(f"corpora/{name}", CORPUS_KEYS)
    assert loaded["name"] == name
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", loaded["repo"])
    assert loaded["homepage"] == f"https://huggingface.co/datasets/{loaded['repo']}"
    assert loaded["annotator"] in ANNOTATORS
    assert set(loaded["modalities"]) <= {"text", "image", "video", "audio", "mesh"}
    assert all(
        code == "unknown" or re.fullmatch(r"[a-z]{2,3}", code) for code in loaded["languages"]
    )
    assert loaded["languages"]
    assert loaded["files"]
    assert loaded["unknown"]
    assert loaded["traps"]
    assert loaded["rows"] is None or loaded["rows"] > 0
    assert loaded["arxiv"] is None or re.fullmatch(r"\d{4}\.\d{5}", loaded["arxiv"])
    for sentence in [*loaded["unknown"], *loaded["traps"]]:
        assert sentence.endswith("."), sentence


@pytest.mark.parametrize("name", CORPORA)
def test_licence_is_known_and_consistent(name: str) -> None:
    loaded = metadata(f"corpora/{name}")
    assert loaded["licence"] in LICENCES
    assert loaded["nc"] == ("-nc" in loaded["licence"])
    if loaded["licence"] == "unknown":
        assert loaded["licence_note"], "an unknown licence needs a word of explanation"


@pytest.mark.parametrize("name", CORPORA)
def test_an_unknown_count_is_named_as_unknown(name: str) -> None:
    loaded = metadata(f"corpora/{name}")
    if loaded["rows"] is None:
        assert any("exact number" in sentence for sentence in loaded["unknown"])


@pytest.mark.parametrize("name", CORPORA)
def test_citation(name: str) -> None:
    text = (CARDS / "corpora" / name / "CITATION.bib").read_text(encoding="utf-8")
    assert len(re.findall(r"^@[a-z]+\{[\w-]+,$", text, flags=re.MULTILINE)) == 1
    assert text.count("{") == text.count("}")
    fields = bib_fields(text)
    assert {"title", "author", "year"} <= set(fields)
    assert fields.get("url") or fields.get("eprint")
    loaded = metadata(f"corpora/{name}")
    assert fields.get("eprint") == loaded["arxiv"]
    if loaded["arxiv"]:
        assert fields["url"] == f"https://arxiv.org/abs/{loaded['arxiv']}"
    else:
        assert fields["url"] == loaded["homepage"]


def test_the_paper_is_cited() -> None:
    fields = bib_fields((CARDS / "dataset" / "CITATION.bib").read_text(encoding="utf-8"))
    assert fields["eprint"] == "2510.23451"
    assert {"title", "author", "year", "url"} <= set(fields)


@pytest.mark.parametrize("name", SUBSETS)
def test_subset_metadata(name: str) -> None:
    loaded = check_keys(f"subsets/{name}", SUBSET_KEYS)
    assert loaded["name"] == name
    assert loaded["corpus"] in CORPORA
    assert (loaded["task"], loaded["kind"], loaded["rows"]) == SUBSETS[name]
    assert loaded["kind"] in loaded["tags"]
    assert all(re.fullmatch(r"[a-z0-9-]+", tag) for tag in loaded["tags"])
    assert loaded["preference_from"].endswith(".")
    assert loaded["built_here"].endswith(".")
    corpus = metadata(f"corpora/{loaded['corpus']}")
    assert set(corpus["modalities"]) == TASK_MODALITIES[loaded["task"]]
    assert ("non-commercial" in loaded["tags"]) == corpus["nc"]


def test_counts_add_up_to_the_table_of_the_paper() -> None:
    rows = {"general": 0, "instruction": 0}
    for name in PAPER:
        loaded = metadata(f"subsets/{name}")
        rows[loaded["kind"]] += loaded["rows"]
    assert rows == {"general": 247_863, "instruction": 69_519}
    assert sum(rows.values()) == 317_382


@pytest.mark.parametrize("name", IN_THE_BENCHMARK)
def test_a_corpus_that_the_benchmark_draws_on_says_so(name: str) -> None:
    assert "Omni-RewardBench" in sections(f"corpora/{name}")["Known limits"]


def test_cards_and_recipe_say_the_same() -> None:
    recipe = load_recipe(shipped("beam_config.yaml"))
    assert list(recipe.subsets) == list(SUBSETS)
    for name, subset in recipe.subsets.items():
        assert (subset.task, subset.kind, subset.target) == SUBSETS[name]
        corpus, card = recipe.corpora[subset.corpus], metadata(f"corpora/{subset.corpus}")
        assert metadata(f"subsets/{name}")["corpus"] == subset.corpus
        assert (corpus.repo, corpus.licence, corpus.nc) == (
            card["repo"],
            card["licence"],
            card["nc"],
        )
        assert card["annotator"] in (corpus.annotator, "mixed")


def test_every_corpus_feeds_a_subset() -> None:
    assert {metadata(f"subsets/{name}")["corpus"] for name in SUBSETS} == set(CORPORA)


@pytest.mark.parametrize("folder", FOLDERS)
def test_card_has_its_headings_and_a_sound_length(folder: str) -> None:
    of_corpus = folder.startswith("corpora/")
    found = sections(folder)
    assert list(found) == (CORPUS_HEADINGS if of_corpus else SUBSET_HEADINGS)
    assert all(found.values()), "a heading without text"
    words = sum(len(text.split()) for text in found.values())
    low, high = (120, 250) if of_corpus else (80, 180)
    assert low <= words <= high, f"{words} words"


@pytest.mark.parametrize("folder", FOLDERS)
def test_lines_are_short_and_files_end_in_one_newline(folder: str) -> None:
    for path in (CARDS / folder).iterdir():
        text = path.read_text(encoding="utf-8")
        assert text == text.rstrip("\n") + "\n", path.name
        for line in text.splitlines():
            assert line == line.rstrip(), path.name
            assert len(line) <= MAX_LINE or "https://" in line, f"{path.name}: {line}"
