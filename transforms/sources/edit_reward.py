"""EditReward-Data: two edits of one picture by one instruction, compared by people.

Native layout, from the dataset card: Parquet shards with ``key``, ``unique_key``, ``pair_index``,
``instruction``, the picture cells ``source_img``, ``left_output_image`` and ``right_output_image``,
``left_model``, ``right_model``, for each side the scores ``overall`` (2 to 8),
``instruction_following`` and ``quality_aesthetic`` (1 to 4), ``vote_type`` (leftvote, rightvote or
tie), ``metadata_index`` and the paths ``left_img_rel`` and ``right_img_rel``. A usage guide of
another person's excerpt says that overall is the sum of the other two; for the published rows that
is not confirmed, and the authors' evaluation file (``valid_dataset_1.json``) has rows whose scores
contradict each other. So the vote decides, scores are kept as they are, and a row whose overall
scores say otherwise is counted in the run record (``scores_contradict_vote``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from schemas.media import MediaRef
from transforms.sources.adapter import Place, RecordAdapter, need, text_of
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Reject, Response, Turn
from transforms.sources.media_refs import cell
from transforms.sources.pairing import Verdict, mean_rating, settled

SIDES: Final = ("left", "right")
VOTES: Final[dict[str, Verdict]] = {"leftvote": "first", "rightvote": "second", "tie": "tie"}

_PICTURES: Final = ("source_img", *(f"{side}_output_image" for side in SIDES))


class EditReward(RecordAdapter):
    """One record is one pair; the picture that was voted for is preferred."""

    RECORD_SUFFIXES: ClassVar = (".parquet",)
    COLUMNS: ClassVar = (
        Column.of("instruction", "text"),
        *(Column.of(name, "struct") for name in _PICTURES),
        Column.of("vote_type", "text"),
        *(Column.of(f"{side}_overall_score", "number", required=False) for side in SIDES),
        *(Column.of(f"{side}_model", "text", required=False) for side in SIDES),
    )
    # The pictures' names are read without their bytes.
    PROJECTION: ClassVar = (
        "key", "unique_key", "pair_index", "instruction", "vote_type", "metadata_index",
        *(f"{name}.path" for name in _PICTURES),
        *(f"{side}_{what}" for side in SIDES for what in ("model", "overall_score", "img_rel")),
    )  # fmt: skip

    def key(self, record: Mapping[str, Any]) -> str:
        """The key that is called unique, which nobody has confirmed, with a digest of the text."""
        content = super().key(record)
        given = record.get("unique_key")
        return content if given is None else f"{given}/{content}"

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pair of a record."""
        instruction = text_of(record, "instruction")
        need(bool(instruction.strip()), "empty_prompt", "instruction is empty")
        vote = text_of(record, "vote_type")
        if vote not in VOTES:
            known = ", ".join(VOTES)
            raise Reject("label_unknown", f"vote_type is {vote!r:.80}, known are {known}")
        verdict = settled(VOTES[vote], self.corpus.pairs)
        left, right = (mean_rating([record.get(f"{side}_overall_score")]) for side in SIDES)
        scores = left, right
        first, second = (
            Response(
                media=(MediaRef("image", place.file, cell(f"{side}_output_image", place)),),
                model=record.get(f"{side}_model"),
                score=score,
            )
            for side, score in zip(SIDES, scores, strict=True)
        )
        yield Draft(
            key=self.key(record),
            prompt=(Turn("user", instruction),),
            prompt_media=(MediaRef("prompt_images", place.file, cell("source_img", place)),),
            first=first,
            second=second,
            preferred=verdict,
            margin=_margin(verdict, left, right),
            where=str(place),
            notes=("scores_contradict_vote",) if _contradict(verdict, left, right) else (),
        )


def _margin(verdict: Verdict, left: float | None, right: float | None) -> float | None:
    """By how much the winner's overall score leads; none where scores don't bear the vote out."""
    if left is None or right is None or _contradict(verdict, left, right):
        return None
    return round(abs(left - right), 6)


def _contradict(verdict: Verdict, left: float | None, right: float | None) -> bool:
    if left is None or right is None or verdict == "tie":
        return False
    return left < right if verdict == "first" else right < left
