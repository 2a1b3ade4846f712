"""Open Image Preferences: its sample corpora, and what one record of each layout gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schemas.media import MediaRef
from tests.transforms.sources.adapter_case import AdapterCase
from transforms.media.containers import folder
from transforms.media.errors import MediaError
from transforms.sources.adapter import Place
from transforms.sources.draft import Draft, Dropped, Reject, Response, Turn
from transforms.sources.open_image_preferences import OpenImagePreferences
from transforms.sources.open_image_preferences_results import OpenImagePreferencesResults
from transforms.sources.pairing import Verdict
from transforms.sources.settings import Corpus, PairRule

PLACE = Place("data/train-00000-of-00001.parquet", 5, 2)
FLUX, SD = "black-forest-labs/FLUX.1-dev", "stabilityai/stable-diffusion-3.5-large"
KEEP = PairRule(ties="keep")


class TestOpenImagePreferences(AdapterCase):
    corpus = "open_image_preferences"


class TestOpenImagePreferencesResults(AdapterCase):
    corpus = "open_image_preferences_results"


def binarized(**changes: Any) -> dict[str, Any]:
    return {
        "id": "3368-quality",
        "prompt": "a street",
        "chosen": {"path": "3368.jpg"},
        "rejected": {"path": "3368.jpg"},
        "chosen_model": FLUX,
        "rejected_model": SD,
        **changes,
    }


def voted(*votes: Any, **changes: Any) -> dict[str, Any]:
    """A record of the results with these votes, all submitted."""
    base = "https://huggingface.co/datasets/x/image-preferences-filtered/resolve/main"
    return {
        "id": "3368-quality",
        "status": "completed",
        "images": {
            "image_1": f"{base}/image_quality_dev/3368.jpg",
            "image_2": f"{base}/image_quality_sd/3368.jpg",
            "prompt": "a street",
        },
        "model_1": "dev",
        "model_2": "sd",
        "preference.responses": list(votes),
        "preference.responses.users": [f"u{at}" for at in range(len(votes))],
        "preference.responses.status": ["submitted"] * len(votes),
        **changes,
    }


def results(record: dict[str, Any], rule: PairRule = KEEP, **options: Any) -> Draft:
    corpus = Corpus("x", "r", "apache-2.0", ("*",), "human", pairs=rule, options=options)
    (draft,) = OpenImagePreferencesResults(corpus, "corpus", "Subset").pairs(record, PLACE)
    return draft


def test_a_binarized_record_prefers_chosen_and_points_to_its_cells() -> None:
    adapter = OpenImagePreferences(
        Corpus("x", "r", "apache-2.0", ("*",), "human"), "corpus", "Subset"
    )
    (draft,) = adapter.pairs(binarized(), PLACE)
    assert draft.key.startswith("3368-quality/sha256:")
    assert draft == Draft(
        key=draft.key,
        prompt=(Turn("user", "a street"),),
        first=Response(media=(MediaRef("image", PLACE.file, "chosen/2/5"),), model=FLUX),
        second=Response(media=(MediaRef("image", PLACE.file, "rejected/2/5"),), model=SD),
        preferred="first",
        where=str(PLACE),
    )
    assert adapter.key(binarized(prompt="another")) != draft.key
    assert adapter.key(binarized(id=None)).startswith("sha256:")
    with pytest.raises(Reject, match="prompt is missing"):
        list(adapter.pairs(binarized(prompt=None), PLACE))


def test_a_record_of_the_results_finds_both_pictures_by_folder_and_name() -> None:
    draft = results(voted("both_good", "image_2", "image_2"), folder="mirror")
    assert draft.key.startswith("3368-quality/sha256:")
    assert draft == Draft(
        key=draft.key,
        prompt=(Turn("user", "a street"),),
        first=Response(
            media=(MediaRef("image", "mirror", "image_quality_dev/3368.jpg"),), model=FLUX
        ),
        second=Response(
            media=(MediaRef("image", "mirror", "image_quality_sd/3368.jpg"),), model=SD
        ),
        preferred="second",
        where=str(PLACE),
    )


VOTES: list[tuple[tuple[str, ...], Verdict, Verdict]] = [
    # votes; by majority; as the binarized release counts
    (("image_1",), "first", "first"),
    (("image_2", "image_2", "image_1"), "second", "second"),
    (("image_1", "image_2"), "tie", "tie"),
    (("both_good", "both_bad"), "tie", "tie"),
    (("image_1", "both_good"), "tie", "first"),
    (("image_1", "both_bad"), "tie", "tie"),
    (("image_1", "both_good", "both_bad"), "tie", "first"),
    (("image_1", "image_1", "image_2", "both_bad"), "first", "first"),
    (("image_1", "image_1", "both_bad", "both_good"), "tie", "first"),
    (("image_2", "image_2", "both_bad", "both_bad"), "tie", "tie"),
    (("both_good", "both_good", "both_good"), "tie", "tie"),
    (("both_bad",), "tie", "tie"),
]


@pytest.mark.parametrize(("votes", "by_majority", "as_binarized"), VOTES)
def test_votes_become_a_verdict_by_the_recipe_s_rule(
    votes: tuple[str, ...], by_majority: Verdict, as_binarized: Verdict
) -> None:
    assert results(voted(*votes)).preferred == by_majority
    assert results(voted(*votes), votes="binarized").preferred == as_binarized


def test_ties_are_dropped_by_default_and_only_submitted_votes_count() -> None:
    with pytest.raises(Dropped, match="tie"):
        results(voted("both_bad"), PairRule())
    draft = results(
        voted(
            "image_1", "image_1", "image_2", None,
            **{"preference.responses.status": ["draft", "discarded", "submitted", "draft"]},
        )
    )  # fmt: skip
    assert draft.preferred == "second"


def of(part: str, value: Any) -> dict[str, Any]:
    return {f"preference.responses{part}": value}


IMAGES = voted()["images"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (of("", None), "no_votes"),
        ({**of("", []), **of(".users", []), **of(".status", [])}, "no_votes"),
        (of(".status", ["draft", "pending"]), "no_votes"),
        (of("", "image_1"), "malformed_votes"),
        (of("", {"u0": "image_1"}), "malformed_votes"),
        (of("", ["image_1"]), "malformed_votes"),
        (of(".users", None), "malformed_votes"),
        (of(".status", ["submitted"]), "malformed_votes"),
        (of(".users", ["u0", "u0"]), "malformed_votes"),
        (of("", ["image_1", "image_3"]), "label_unknown"),
        (of("", ["image_1", None]), "label_unknown"),
        (of("", ["image_1", ["image_1"]]), "label_unknown"),
        ({"images": None}, "missing_field"),
        ({"images": ["a.jpg", "b.jpg"]}, "malformed_images"),
        ({"images": {**IMAGES, "image_2": None}}, "missing_field"),
        ({"images": {**IMAGES, "image_2": 2}}, "not_text"),
        ({"images": {**IMAGES, "image_2": "https://huggingface.co/"}}, "malformed_images"),
        ({"images": {**IMAGES, "image_2": "https://[::1/a.jpg"}}, "malformed_images"),
        ({"images": {**IMAGES, "prompt": None}}, "missing_field"),
    ],
)
def test_a_record_of_the_results_is_refused_for_its_reason(
    changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Reject) as error:
        results(voted("image_1", "image_1", **changes))
    assert error.value.reason == reason


@pytest.mark.parametrize(
    ("address", "member", "reason"),
    [
        ("https://h/a/image_quality_dev/7.jpg?download=true#x", "image_quality_dev/7.jpg", None),
        ("https://h/a/image%20quality/7.jpg", "image quality/7.jpg", None),
        ("7.jpg", "7.jpg", None),
        ("https://h/a/b/8.jpg", "b/8.jpg", "media_missing"),
        ("https://h/a/..%2F../8.jpg", "../8.jpg", "unsafe_member"),
        ("https://h/a/b/%00.jpg", "b/\0.jpg", "media_missing"),
    ],
)
def test_a_picture_is_looked_up_in_the_mirror_only(
    tmp_path: Path, address: str, member: str, reason: str | None
) -> None:
    for name in ("image_quality_dev/7.jpg", "image quality/7.jpg", "7.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    draft = results(voted("image_1", images={**IMAGES, "image_1": address}))
    (ref,) = draft.first.media
    assert ref.member == member
    (found,) = folder.read(str(tmp_path), [ref.member])
    if reason is None:
        assert found.data == b"x"
    else:
        assert isinstance(found.data, MediaError)
        assert found.data.reason == reason
