"""Answers of a review sheet, read back and held against the dataset's labels."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any, Final

import polars as pl

from pipelines.gallery.reading import open_built
from pipelines.published_record import build_digest
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError

_MOST_BYTES: Final = 16 << 20
_MOST_ANSWERS: Final = 100_000
_LABELS: Final = ("row_id", "preference", "task", "subset", "flipped")


def read_answers(path: Path) -> dict[str, Any]:
    """The file that a review sheet saved: ``{"sheet", "run", "answers": {row_id: answer}}``.

    Raises:
        BuildError: it is no such file.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BuildError(f"{path}: too large for the answers of a review sheet")
        told = json.loads(path.read_bytes())
    except OSError as error:
        raise BuildError(f"{path}: can't be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BuildError(
            f"{path}: no JSON; give the file that the review sheet's Save button wrote"
        ) from error
    answers = told.get("answers") if isinstance(told, dict) else None
    if not isinstance(answers, dict) or len(answers) > _MOST_ANSWERS:
        raise BuildError(
            f"{path}: no answers of a review sheet; give the file that its Save button wrote"
        )
    return {
        "sheet": str(told.get("sheet", ""))[:64],
        "run": str(told.get("run", ""))[:64],
        "answers": {str(row)[:64]: answer for row, answer in answers.items()},
    }


def score_answers(output: Path, told: dict[str, Any]) -> dict[str, Any]:
    """Agreement of the answers with the dataset, as it is written to ``quality/review.json``.

    Raises:
        BuildError: there is no dataset in `output`.
        transforms.quality.review.AnswerError: answers that are none, or about rows of another
            dataset.
    """
    from transforms.quality.review import review_scores

    built = open_built(output)
    wanted = pl.Series(sorted(told["answers"]), dtype=pl.String)
    frames = [
        pl.scan_parquet(shard.path, glob=False)
        .select(_LABELS)
        .filter(pl.col("row_id").is_in(wanted.implode()))
        for shard in built.shards
    ]
    labels = pl.concat(frames).collect()
    scores = review_scores(told["answers"], labels, seed=0)
    run = build_digest(built.record)
    return {
        "run": run,
        "same_build": told["run"] == run,
        "sheet": told["sheet"],
        "checked": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "scores": [score.as_json() for score in scores],
    }


def write_review(output: Path, review: dict[str, Any]) -> Path:
    """Put the scores in place as ``quality/review.json``; the path of that file."""
    path = output / "quality" / "review.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_once(str(path), json.dumps(review, indent=2).encode() + b"\n")
    return path
