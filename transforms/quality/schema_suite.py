"""Expectations that follow from the schema: its enums, its ids, what each task holds."""

from __future__ import annotations

from schemas.ids import ID_HEX
from schemas.tasks import (
    PREFERENCES,
    TASKS,
    Kind,
)
from transforms.quality.expectation import Expectation, Suite

_ID = f"^[0-9a-f]{{{ID_HEX}}}$"
_IDS = ("row_id", "pair_id", "prompt_group", "media_group")


def schema_suite(subset: str, task_name: str, kind: Kind) -> Suite:
    """What every row of a subset must be, whatever its corpus."""
    suite: Suite = {
        "row_id_unique": Expectation("row_id", unique=True),
        "ids_present": Expectation(("row_id", "pair_id", "prompt_group"), is_null=False),
        "ids_well_formed": Expectation(_IDS, matches=_ID),
        "subset_named": Expectation("subset", values=(subset,)),
        "task_named": Expectation("task", values=(task_name,)),
        "kind_named": Expectation("kind", values=(kind,)),
        "enums_present": Expectation(
            ("subset", "task", "kind", "preference", "source_preference", "annotator", "nc"),
            is_null=False,
        ),
        "preference_known": Expectation(("preference", "source_preference"), values=PREFERENCES),
        "provenance_present": Expectation(("corpus", "revision", "licence"), is_null=False),
        "facts_of_all_media": Expectation("media_count", equals="info_count"),
        "digests_of_all_media": Expectation(
            tuple(f"{side}_digests_missing" for side in ("prompt", "response")),
            max=0,
        ),
        "agreement_is_a_share": Expectation("agreement", min=0, max=1),
    }
    return suite | _of_kind(kind) | _of_task(task_name)


def _of_kind(kind: Kind) -> Suite:
    if kind == "general":
        return {
            "pair_id_unique": Expectation("pair_id", unique=True),
            "no_criterion": Expectation(
                ("criterion_chars", "criterion_origin", "flipped", "n_votes"), is_null=True
            ),
        }
    return {
        "criterion_present": Expectation(
            ("criterion_chars", "criterion_origin", "flipped"), is_null=False
        ),
        "criterion_not_empty": Expectation("criterion_chars", min=1),
        "flipped_agrees": Expectation(
            "flip_differs", max=0, why="flipped is not what both preferences say"
        ),
    }


def _of_task(task_name: str) -> Suite:
    """Media where the task has them, and nowhere else; texts where it has none."""
    task = TASKS[task_name]
    sides = ("response_a", "response_b")
    suite: Suite = {
        "no_foreign_media": Expectation("foreign_media", max=0),
        "prompt_present": Expectation("prompt_turns", min=1),
    }
    if task.prompt:
        suite["prompt_media_present"] = Expectation("prompt_media_count", min=1)
    chars = tuple(f"{side}_chars" for side in sides)
    if task.response == "text":
        suite["responses_present"] = Expectation(chars, is_null=False)
        suite["responses_not_empty"] = Expectation(chars, min=1)
    else:
        suite["no_response_text"] = Expectation(chars, is_null=True)
        suite["responses_present"] = Expectation(
            tuple(f"{side}_media_count" for side in sides), min=1
        )
        suite["responses_differ"] = Expectation("same_media", max=0)
    return suite
