"""Real files by other people, read by recipe: counts in and out of each, and whole rows.

The files lie beside the checkout on machines that have them (`../shared/realdata`); elsewhere
these tests are skipped. The expected counts were found by reading the files in other ways.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.recipe import Recipe, load_recipe
from pipelines.source_try import try_file
from tests.pipelines.sample_build import build_with
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import SourceFile
from transforms.sources.mapped.adapter import MappedAdapter
from transforms.sources.registry import ADAPTERS
from transforms.sources.settings import Corpus

HERE = Path(__file__).parent
CORPORA = HERE.parents[2] / "shared" / "realdata" / "corpora"

pytestmark = pytest.mark.skipif(
    not CORPORA.is_dir(), reason=f"the real files are not there: no folder {CORPORA}"
)

#: subset -> records read, left out by rule, dead letters by reason, rows written.
EXPECTED: dict[str, tuple[int, dict[str, int], dict[str, int], int]] = {
    "PandaLM": (999, {"duplicate_exact": 102}, {"not_text": 6, "empty_response": 54}, 837),
    "LLMBar": (326, {}, {}, 326),
    "MT-Bench": (200, {"duplicate_exact": 5}, {}, 195),
    "HH-RLHF": (1156, {}, {"prompts_differ": 5, "empty_response": 2}, 1149),
    "ShareGPT-Ranking": (300, {"duplicate_exact": 5}, {}, 295),
    "Typed-Parts": (10, {}, {}, 10),
    "RM-Bench": (129, {"duplicate_exact": 36}, {}, 129 * 9 - 36),
    "VL-RewardBench": (625, {}, {"media_missing": 625}, 0),
    "ImageReward": (233, {}, {"media_missing": 233}, 0),
    "VideoAlign": (12, {"duplicate_exact": 9}, {}, 3),
    "EditReward": (252, {}, {"media_missing": 252}, 0),
    "GenAI-Images": (1735, {"tie": 429}, {"media_missing": 1306}, 0),
    "UnifiedReward-Clips": (8, {}, {}, 4),
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    output = tmp_path_factory.mktemp("acceptance")
    recipe = load_recipe(HERE / "beam_config.yaml")
    built = build_with(recipe, HERE, output, list(recipe.subsets))
    return output, built.record["subsets"]


def rows(dataset: tuple[Path, dict[str, Any]], subset: str) -> pl.DataFrame:
    return pl.read_parquet(dataset[0] / "data" / subset / "*.parquet")


def preferred(row: dict[str, Any]) -> str:
    text: str = row[f"response_{row['preference']}_text"]
    return text


def load(name: str) -> Any:
    return json.loads((CORPORA / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("subset", EXPECTED)
def test_counts_in_and_out(dataset: tuple[Path, dict[str, Any]], subset: str) -> None:
    record = dataset[1][subset]
    lost: dict[str, Counter[str]] = {"dropped": Counter(), "dead": Counter()}
    for stage in record["counts"].values():
        for what, number in stage.items():
            kind, _, name = what.partition(":")
            if kind in lost:
                lost[kind][name] += number
    dropped, dead = (dict(+lost[kind]) for kind in ("dropped", "dead"))
    found = record["counts"]["sources"]["in"], dropped, dead, record["rows"]
    assert found == EXPECTED[subset]


def test_no_subset_is_missing() -> None:
    assert set(load_recipe(HERE / "beam_config.yaml").subsets) == set(EXPECTED)


def test_pandalm_is_judged_by_the_majority_of_three(
    dataset: tuple[Path, dict[str, Any]],
) -> None:
    raw = {str(record["idx"]): record for record in load("pandalm/testset-v1.json")}
    found = Counter()
    for row in rows(dataset, "PandaLM").to_dicts():
        record = raw[row["source"]["key"]]
        told = [record[f"annotator{n}"] for n in (1, 2, 3)]
        votes = {n: told.count(n) for n in (1, 2)}
        winner = next((n for n in (1, 2) if votes[n] >= 2), None)
        found[winner] += 1
        if winner is None:
            assert row["preference"] == "tie"
        else:
            assert preferred(row).strip() == record[f"response{winner}"].strip()
    assert found == {1: 360, 2: 400, None: 77}


def test_a_whole_row_of_llmbar(dataset: tuple[Path, dict[str, Any]]) -> None:
    raw = load("llmbar/Natural.json")[0]
    (row,) = [
        row
        for row in rows(dataset, "LLMBar").to_dicts()
        if row["prompt"][0]["content"] == raw["input"]
    ]
    assert [turn["role"] for turn in row["prompt"]] == ["user"]
    assert preferred(row) == raw[f"output_{raw['label']}"]
    other = "b" if row["preference"] == "a" else "a"
    assert row[f"response_{other}_text"] == raw[f"output_{3 - raw['label']}"]
    known = {"task": "t2t", "subset": "LLMBar", "kind": "general", "annotator": "human"}
    assert {name: row[name] for name in known} == known
    assert row["source"]["corpus"] == "llmbar"
    assert row["source"]["licence"] == "mit"


def test_transcripts_become_turns(dataset: tuple[Path, dict[str, Any]]) -> None:
    with gzip.open(CORPORA / "hh-rlhf/harmless-base/test.jsonl.gz", "rt", encoding="utf-8") as file:
        raw = json.loads(file.readline())
    told, _, answer = raw["chosen"].rpartition("\n\nAssistant:")
    (row,) = [r for r in rows(dataset, "HH-RLHF").to_dicts() if preferred(r) == answer.strip()]
    rebuilt = "".join(
        f"\n\n{'Human' if turn['role'] == 'user' else 'Assistant'}: {turn['content']}"
        for turn in row["prompt"]
    )
    assert rebuilt == told
    assert {turn["role"] for turn in row["prompt"]} == {"user", "assistant"}


def test_typed_parts_become_text(dataset: tuple[Path, dict[str, Any]]) -> None:
    with (CORPORA / "omnireward-sharegpt/v1_dpo_demo.jsonl").open(encoding="utf-8") as file:
        raw = json.loads(file.readline())
    answer = raw["chosen_messages"][-1]["content"][0]["value"]
    found = [r for r in rows(dataset, "Typed-Parts").to_dicts() if preferred(r) == answer]
    assert [turn["role"] for turn in found[0]["prompt"]] == ["system", "user"]
    assert found[0]["prompt"][0]["content"] == raw["chosen_messages"][0]["content"][0]["value"]


def test_nine_pairs_of_a_record_of_rm_bench(dataset: tuple[Path, dict[str, Any]]) -> None:
    raw = load("rm-bench/chat_filtered.json")[0]
    found = [
        row
        for row in rows(dataset, "RM-Bench").to_dicts()
        if row["source"]["key"].startswith(f"{raw['id']}/")
    ]
    sides = {(preferred(r), r[f"response_{'ba'[r['preference'] == 'b']}_text"]) for r in found}
    assert sides == {(good, bad) for good in raw["chosen"] for bad in raw["rejected"]}


def test_a_missing_picture_is_named(dataset: tuple[Path, dict[str, Any]]) -> None:
    letters = pl.read_parquet(dataset[0] / "dead_letters" / "VL-RewardBench.parquet")
    raw = {record["id"]: record["image"] for record in load("vl-rewardbench/data.json")}
    assert all(raw[row["key"]] in row["message"] for row in letters.to_dicts())


def test_clips_are_read_whatever_their_path_looks_like(
    dataset: tuple[Path, dict[str, Any]],
) -> None:
    with (CORPORA / "videoalign/example.csv").open(encoding="utf-8") as file:
        raw = list(csv.DictReader(file))
    found = rows(dataset, "VideoAlign")
    assert found["pair_id"].n_unique() == 3
    told = {record["prompt"]: record["VQ"] for record in raw}
    for row in found.to_dicts():
        verdict = told[row["prompt"][0]["content"]]
        assert (row["preference"] == "tie") == (verdict == "same")
        for side in "ab":
            (info,) = row[f"response_{side}_info"]
            path = next(
                record[f"path_{column}"]
                for record in raw
                for column in "AB"
                if digest(CORPORA / "videoalign" / record[f"path_{column}"]) == info["digest"]
            )
            if verdict != "same":
                letter = Path(path).stem[-1]
                assert (letter == verdict) == (side == row["preference"])
            published = row[f"response_{side}_video"]["bytes"]
            assert hashlib.sha256(published).hexdigest() == (info["product"] or info["digest"])
            assert info["frames"] == round(info["duration_s"] * info["rate_hz"])


def test_clips_of_one_name_in_two_folders_are_a_pair(
    dataset: tuple[Path, dict[str, Any]],
) -> None:
    found = rows(dataset, "UnifiedReward-Clips").to_dicts()
    root = CORPORA / "unifiedreward-video"
    assert {r["prompt"][0]["content"] for r in found} == {p.stem for p in (root / "base").iterdir()}
    for row in found:
        (info,) = row[f"response_{row['preference']}_info"]
        assert info["digest"] == digest(root / "tuned" / f"{row['prompt'][0]['content']}.mp4")
        # The pictures are as they were; what was done is to put the index first.
        assert info["changes"] in (None, "faststart", "faststart,streams", "streams")


def digest(file: Path) -> str:
    """The digest of a source file, as rows have it."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_group_whose_four_pictures_are_there_gives_its_pair(tmp_path: Path) -> None:
    names = [f"{number}.webp" for number in (1, 2, 3, 4)]
    group = {
        "id": "g",
        "prompt": "A sea under clouds",
        "generations": names,
        "ranking": [2, 1, 4, 4],
    }
    missing = {**group, "id": "m", "generations": [*names[:3], "5.webp"], "ranking": [1, 2, 3, 5]}
    (tmp_path / "test.json").write_text(json.dumps([group, missing]))
    for name in names:
        (tmp_path / name).symlink_to(CORPORA / "imagerewarddb" / "assets" / name)
    recipe = load_recipe(HERE / "beam_config.yaml")
    corpora = {"imagereward": replace(recipe.corpora["imagereward"], path=str(tmp_path))}
    alone = replace(recipe, corpora=corpora, subsets={"ImageReward": recipe.subsets["ImageReward"]})
    built = build_with(alone, HERE, tmp_path / "out", ["ImageReward"])
    (row,) = pl.read_parquet(tmp_path / "out/data/ImageReward/*.parquet").to_dicts()
    best, worst = row["preference"], "b" if row["preference"] == "a" else "a"
    assert row[f"response_{best}_image"]["bytes"] == (tmp_path / "2.webp").read_bytes()
    assert row[f"response_{worst}_image"]["bytes"] == (tmp_path / "3.webp").read_bytes()
    assert built.record["subsets"]["ImageReward"]["counts"]["media"]["dead:media_missing"] == 1


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("omnireward-sharegpt/kto_en_demo.json", "as for KTO"),
        ("sharegpt/dummy_conversation.json", "single conversations"),
        ("mllm-demo/mllm_demo.json", "single conversations"),
        ("rlhf-v/qa90_gpt4_answer.jsonl", "no two responses"),
        ("imagenhub/Text-Guided_IE_rater1.tsv", "no two responses"),
    ],
)
def test_unpaired_files_are_refused_with_the_reason(file: str, reason: str) -> None:
    assert reason in (try_file(CORPORA / file).guess.refused or "")


@pytest.mark.parametrize(
    "file", ["omnireward-sharegpt/kto_en_demo.json", "sharegpt/dummy_conversation.json"]
)
def test_an_unpaired_file_under_a_mapping_is_refused_with_the_reason(file: str) -> None:
    options = {"prompt": "conversations", "chosen": "chosen", "rejected": "rejected"}
    corpus = Corpus("mapped", "o/n", "mit", (file,), "human", options=options)
    adapter = MappedAdapter(corpus, "corpus", "Subset")
    path = CORPORA / file
    (unit,) = adapter.units([SourceFile(file, str(path), path.stat().st_size)])
    with pytest.raises(BuildError, match="a preference needs two responses"):
        list(adapter.read(unit))


@pytest.mark.parametrize("name", ["helpful-base", "helpful-online", "helpful-rejection-sampled"])
def test_a_pointer_in_place_of_a_file_is_named(name: str) -> None:
    with pytest.raises(BuildError, match=r"git-lfs pointer, not \.jsonl\.gz"):
        try_file(CORPORA / "hh-rlhf" / name / "test.jsonl.gz")


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("llmbar/Natural.json", {"responses": ["output_1", "output_2"], "label": "label"}),
        ("pandalm/testset-v1.json", {"votes": ["annotator1", "annotator2", "annotator3"]}),
        ("imagerewarddb/test.json", {"responses": "generations", "ranks": "ranking"}),
        ("vl-rewardbench/data.json", {"responses": "response", "ranks": "human_ranking"}),
        ("videoalign/example.csv", {"responses": ["path_A", "path_B"]}),
        ("hh-rlhf/harmless-base/test.jsonl.gz", {"chosen": "chosen", "rejected": "rejected"}),
        ("omnireward-sharegpt/dpo_en_demo.json", {"prompt": "conversations"}),
        ("omnireward-sharegpt/v1_dpo_demo.jsonl", {"chosen": "chosen_messages"}),
        ("rm-bench/chat_filtered.json", {"key": "id", "prompt": "prompt"}),
        ("editreward/valid_dataset_1.json", {"responses": ["path1", "path2"]}),
    ],
)
def test_a_mapping_is_guessed(file: str, expected: dict[str, Any]) -> None:
    trial = try_file(CORPORA / file)
    assert expected.items() <= trial.guess.options.items()
    assert trial.outcomes["pair"] > 0
    assert trial.examples


def ultrafeedback_record() -> dict[str, Any]:
    """The published record: comments taken out, elided completions too, lost commas put in."""
    text = (CORPORA / "ultrafeedback/example.jsonc").read_text(encoding="utf-8")
    text = re.sub(r"\s// .*", "", text)
    text = re.sub(r"\{\s*\.\.\.\s*\},?", "", text)
    text = re.sub(r'(\["None"\])\s*\n', r"\1,\n", text)
    text = re.sub(r",(\s*[\]}])", r"\1", text)
    record: dict[str, Any] = json.loads(text)
    return record


def test_the_ultrafeedback_record_lacks_a_second_completion(tmp_path: Path) -> None:
    record = ultrafeedback_record()
    worse = {"model": "m", "response": "Go.", "annotations": {"honesty": {"Rating": "1"}}}
    both = {**record, "completions": [*record["completions"], worse]}
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(record) + "\n" + json.dumps(both) + "\n")
    kind: Any = ADAPTERS["ultrafeedback"]
    recipe: Recipe = load_recipe(HERE.parents[1] / "beam_config.yaml")
    adapter = kind(recipe.corpora["ultrafeedback"], "ultrafeedback", "Subset")
    (unit,) = adapter.units([SourceFile("x.jsonl", str(path), path.stat().st_size)])
    (batch,) = adapter.read(unit)
    assert batch.dead["reason"].to_pylist() == ["too_few_responses"]
    (draft,) = batch.drafts.to_pylist()
    assert draft["prompt"] == [{"role": "user", "content": record["instruction"]}]
    assert draft["first_text"] == record["completions"][0]["response"]
    assert (draft["first_model"], draft["first_score"]) == ("falcon-40b-instruct", 2.75)
    assert (draft["second_text"], draft["preferred"]) == ("Go.", "first")
