"""The sample of the published set: what was planted is found, and no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.published_media import published_media
from pipelines.recipe import load_recipe
from pipelines.sample_corpora import write_corpora
from pipelines.sample_corpora.published_set import (
    FILE,
    FOLDER,
    MATCHING,
    MEDIA,
    MISSES,
    PublishedRow,
    counts_of,
    write_published_set,
)
from pipelines.sample_corpora.reading import drafts_of, media_of
from pipelines.sample_recipe import write_sample_recipe
from schemas.ids import source_digest
from transforms.media.errors import MediaError
from transforms.media.locate import INDEX_SCHEMA, MediaIndex
from transforms.media.prepare import prepare
from transforms.media.produce import produce
from transforms.media.settings import MediaPolicy
from transforms.relabel.published.labels import PublishedMatch, match_published
from transforms.sources.settings import Corpus

CORPORA = ["skywork", "ultrafeedback", "rlaif_v", "vlfeedback", "hpdv2",
           "open_image_preferences", "videodpo"]  # fmt: skip
INSTRUCTION = ["Omni-Skywork-Reward-Preference", "Omni-UltraFeedback", "Omni-RLAIF-V",
               "Omni-VLFeedback", "Omni-HPDv2", "Omni-Open-Image-Preferences"]  # fmt: skip


class Set:
    """Sample corpora, the published set made of them, and the truth about it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        planted = write_corpora(folder, 0.001, only=CORPORA)
        self.recipe = load_recipe(write_sample_recipe(folder, planted))
        self.truth = write_published_set(folder, self.recipe, 7)

    def table(self, subset: str) -> pa.Table:
        return pq.read_table(self.folder / FOLDER / subset / FILE)

    def prepared(self, subset: str) -> pa.Table:
        """The pairs of a subset's corpus, as the media stage prepares them."""
        name = self.recipe.subsets[subset].corpus
        corpus = self.recipe.corpus_of(subset)
        root = self.folder / str(corpus.path)
        drafts = drafts_of(name, corpus, root)
        index = MediaIndex([_index(drafts, media_of(drafts, root))])
        return prepare(drafts, index, self.recipe.subsets[subset].task, subset, name)[0]

    def matched(self, subset: str) -> tuple[PublishedMatch, pa.Table]:
        table, prepared = self.table(subset), self.prepared(subset)
        paths = {path for paths in table["images"].to_pylist() for path in paths}
        media = published_media(str(self.folder / FOLDER / MEDIA), paths, MediaPolicy(threads=2))
        assert media.num_rows == len(paths)
        task = self.recipe.subsets[subset].task
        return match_published(table, prepared, media, task=task, subset=subset), prepared


def _index(drafts: pa.Table, media: Any) -> pa.Table:
    refs = {
        (ref["container"], ref["member"])
        for column in ("prompt_media", "first_media", "second_media")
        for row in drafts[column].to_pylist()
        for ref in row
    }
    rows = []
    for container, member in sorted(refs):
        row: dict[str, Any] = {"container": container, "member": member}
        data = media.get((container, member))
        try:
            facts = None if data is None else produce("image", data, MediaPolicy()).facts
        except MediaError:
            facts = None
        if facts is None or data is None:
            row |= {"reason": "media_missing", "message": "gone"}
        else:
            row["info"] = {**facts, "digest": source_digest(data)}
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=INDEX_SCHEMA)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Set:
    return Set(tmp_path_factory.mktemp("published"))


def test_the_six_instruction_subsets_and_the_general_ones_are_written(published: Set) -> None:
    general = ["Skywork-Reward-Preference", "RLAIF-V", "HPDv2", "VideoDPO"]
    assert set(published.truth) == {*INSTRUCTION, *general}
    for subset in INSTRUCTION:
        target = published.recipe.subsets[subset].target or 0
        matching = [row for row in published.truth[subset] if row.matches]
        assert len(matching) >= target
    for subset in general:
        assert {row.criterion for row in published.truth[subset]} == {None}


@pytest.mark.parametrize("subset", [*INSTRUCTION, "VideoDPO"])
def test_the_shape_is_the_published_one(published: Set, subset: str) -> None:
    task = published.recipe.subsets[subset].task
    rows = published.table(subset).to_pylist()
    assert len(rows) == len(published.truth[subset])
    for row, truth in zip(rows, published.truth[subset], strict=True):
        if truth.kind == "unreadable":
            assert row["chosen"] is None
            continue
        first = row["conversations"][0]
        assert (first["from"] == "system") == (subset in INSTRUCTION)
        assert first["value"] == truth.criterion or subset not in INSTRUCTION
        spoken = [turn["value"] for turn in row["conversations"] if turn["from"] == "human"]
        pictures = len(row["images"])
        assert {"t2t": pictures == 0, "ti2t": pictures == 1, "t2i": pictures == 2,
                "t2v": pictures in (2, 16)}[task]  # fmt: skip
        in_text = {"t2t": 0, "ti2t": 1}.get(task, pictures // 2)
        assert sum(text.count("<image>") for text in spoken) == in_text
        if task in ("t2i", "t2v"):
            assert row["chosen"] == row["rejected"]


@pytest.mark.parametrize("subset", [*INSTRUCTION, "VideoDPO"])
def test_what_was_planted_is_what_is_found(published: Set, subset: str) -> None:
    truth: dict[int, PublishedRow] = {row.row: row for row in published.truth[subset]}
    task = published.recipe.subsets[subset].task
    assert set(counts_of([*truth.values()])) == {*MATCHING[task], *MISSES, "unreadable", "plain"}
    found, prepared = published.matched(subset)
    pairs = {row["pair_id"]: row for row in prepared.to_pylist()}
    pair_of = {row["key"]: row["pair_id"] for row in pairs.values()}

    matches = {row["row"]: row for row in found.matches.to_dicts()}
    assert set(matches) == {row for row, one in truth.items() if one.matches}
    sides = _sides(published, subset, prepared)
    for row, match in matches.items():
        one = truth[row]
        assert match["pair_id"] == pair_of[one.key]
        assert match["verdict"] == sides[one.key][one.prefers]
        by = {"white_space": "folded"}.get(one.kind, "canonical")
        assert match["text_by"] == by
        if task != "t2t":
            assert match["media_by"] == ("phash" if one.kind == "reencoded" else "digest")

    misses = {row["row"]: row for row in found.misses.to_pylist()}
    for row, one in truth.items():
        if one.kind == "edited":
            assert misses[row]["reason"] == "unmatched"
            assert misses[row]["nearest_key"] == one.key
            assert misses[row]["part"] == (
                "prompt" if task in ("t2i", "t2v") else _edited(one, sides)
            )
        elif one.kind == "foreign":
            assert (misses[row]["reason"], misses[row]["nearest_key"]) == ("unmatched", None)
        elif one.kind == "unreadable":
            assert misses[row]["reason"] in ("no_prompt", "no_response")
    contradicted = [row for row in misses.values() if row["reason"] == "contradictory"]
    assert contradicted == []
    told = found.summary
    assert told.rows == len(truth)
    assert told.unmatched == sum(one.kind in MISSES for one in truth.values())
    assert told.labels == (len(matches) if subset in INSTRUCTION else 0)


def test_pairs_have_several_criteria_and_some_reverse_the_source(published: Set) -> None:
    told = published.matched("Omni-Open-Image-Preferences")[0].summary
    assert set(told.criteria_per_pair) >= {1, 2}
    assert sum(n * pairs for n, pairs in told.criteria_per_pair.items()) == told.labels
    assert 0.15 < told.reversed_ / told.labels < 0.65


@pytest.mark.parametrize(
    ("subset", "ties"), [("Omni-UltraFeedback", True), ("Omni-VLFeedback", False)]
)
def test_rows_about_other_pairs_than_best_and_worst_are_planted(
    published: Set, subset: str, ties: bool
) -> None:
    """Any two of a record's completions: which ones is the published row's to say."""
    matching = {row.key for row in published.truth[subset] if row.matches}
    name = published.recipe.subsets[subset].corpus
    drafts = _drafts(published, subset, published.recipe.corpora[name])
    strict = set(drafts["key"].to_pylist())
    candidates = _drafts(published, subset, published.recipe.corpus_of(subset))
    preferred = dict(zip(*(candidates[c].to_pylist() for c in ("key", "preferred")), strict=True))
    others = matching - strict
    assert len(others) > len(matching) / 3
    assert matching & strict
    assert ("tie" in {preferred[key] for key in others if key is not None}) == ties


def _drafts(published: Set, subset: str, corpus: Corpus) -> pa.Table:
    name = published.recipe.subsets[subset].corpus
    return drafts_of(name, corpus, published.folder / str(corpus.path))


def _sides(published: Set, subset: str, prepared: pa.Table) -> dict[Any, dict[Any, str]]:
    """Key -> draft side -> side of the prepared row, by both preferences; of ties by text."""
    drafts = _drafts(published, subset, published.recipe.corpus_of(subset))
    said = {
        row["key"]: row for row in drafts.select(["key", "preferred", "first_text"]).to_pylist()
    }
    found = {}
    for row in prepared.select(["key", "preference", "a_text"]).to_pylist():
        draft = said[row["key"]]
        is_a = row["preference"] == "a"
        if draft["preferred"] == "tie":
            is_a = row["a_text"] == draft["first_text"]
        elif draft["preferred"] == "second":
            is_a = not is_a
        found[row["key"]] = {"first": "ab"[not is_a], "second": "ab"[is_a]}
    return found


def _edited(row: PublishedRow, sides: dict[Any, dict[Any, str]]) -> str:
    """The source's chosen answer was edited, which a reversed row has as rejected."""
    return "chosen" if row.prefers == "first" else "rejected"
