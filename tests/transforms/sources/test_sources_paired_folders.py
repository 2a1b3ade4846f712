"""Media of one name in two folders."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from schemas.media import MediaRef
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import SourceFile
from transforms.sources.paired_folders import PairedFolders, PairedFoldersOptions
from transforms.sources.settings import Corpus

OPTIONS = {"preferred": "tuned", "other": "base", "slot": "video"}


def read(names: Iterable[str]) -> tuple[list[dict[str, object]], list[tuple[str, str]]]:
    corpus = Corpus("paired_folders", "o/n", "mit", ("*",), "human", options=OPTIONS)
    adapter = PairedFolders(corpus, "corpus", "Subset")
    units = adapter.units([SourceFile(name, f"/x/{name}", 1) for name in names])
    batches = [batch for unit in units for batch in adapter.read(unit)]
    drafts = [draft for batch in batches for draft in batch.drafts.to_pylist()]
    dead = [letter for batch in batches for letter in batch.dead.to_pylist()]
    assert sum(b.records for b in batches) == 2 * len(drafts) + len(dead)
    return drafts, [(letter["key"], letter["reason"]) for letter in dead]


def test_the_name_is_the_prompt_and_the_folder_the_verdict() -> None:
    (draft,), dead = read(["base/a dog, running.mp4", "tuned/a dog, running.mp4"])
    assert dead == []
    assert draft["prompt"] == [{"role": "user", "content": "a dog, running"}]
    assert draft["preferred"] == "first"
    for side, folder in (("first_media", "tuned"), ("second_media", "base")):
        ref = MediaRef("video", folder, "a dog, running.mp4").as_row()
        (found,) = draft[side]  # type: ignore[misc]
        assert {name: found[name] for name in ("slot", "container", "member")} == {
            name: ref[name] for name in ("slot", "container", "member")
        }


def test_a_name_in_one_folder_only_or_twice_is_refused() -> None:
    drafts, dead = read(["base/a.mp4", "tuned/b.mp4", "base/c.mp4", "base/c.webm", "tuned/c.mp4"])
    assert drafts == []
    assert sorted(dead) == [
        ("a", "unpaired"), ("b", "unpaired"),
        ("c", "ambiguous_name"), ("c", "ambiguous_name"), ("c", "ambiguous_name"),
    ]  # fmt: skip


def test_a_file_elsewhere_is_an_error() -> None:
    with pytest.raises(BuildError, match="lies neither"):
        read(["other/a.mp4"])


@pytest.mark.parametrize(
    "change", [{"slot": "text"}, {"slot": "prompt_images"}, {"other": "tuned"}]
)
def test_options_that_do_not_fit_are_refused(change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"slot|same folder"):
        PairedFoldersOptions(**{**OPTIONS, **change})
