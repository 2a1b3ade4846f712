"""The review sheet: a sample of pairs for a person to judge, blind to the dataset's labels.

One HTML file that needs nothing else. Nothing in it tells which response is preferred: cards are
blind, and ids and the order of A and B are hashes. Answers are kept by the browser and saved as a
JSON file, which `omnireward audit score` reads.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from pipelines.gallery.cards import card_of
from pipelines.gallery.pages import page, page_policy, shipped_text
from pipelines.gallery.previews import Embedder, PreviewLimits
from pipelines.gallery.reading import Built, open_built, some_rows
from pipelines.published_record import build_digest
from transforms.beamkit.errors import BuildError

#: Characters of a sheet that media may take.
MEDIA_BUDGET: Final = 40_000_000
_TEXT_LIMIT: Final = 12_000
#: Media of a sheet are larger than those of a report: they are what is judged.
_LIMITS: Final = PreviewLimits(
    picture_side=768, frame_side=320, frames=8, clip_bytes=3_000_000, sound_bytes=1_000_000,
    sound_seconds=30.0, mesh_side=320,
)  # fmt: skip


def review_sheet(
    output: Path,
    rows: int,
    subsets: Sequence[str] = (),
    seed: str = "review",
    told: Callable[[str], None] = lambda _: None,
) -> str:
    """A sheet with `rows` pairs, spread evenly over the subsets, as HTML.

    Raises:
        BuildError: there is no dataset in `output`, or no subset of a name that is asked for.
    """
    built = open_built(output)
    told("choosing pairs")
    chosen = _chosen(built, rows, subsets, seed)
    media = Embedder(limits=_LIMITS)
    cards = []
    for number, row in enumerate(chosen):
        told(f"previews of pair {number + 1} of {len(chosen)}")
        media.budget = MEDIA_BUDGET / len(chosen)
        cards.append(card_of(row, media, limit=_TEXT_LIMIT, blind=True))
    style, script = shipped_text("gallery.css"), shipped_text("review.js")
    run = build_digest(built.record)
    ids = "\n".join(row["row_id"] for row in chosen)
    return page(
        "review.html",
        policy=page_policy([style], [script]),
        style=style,
        script=script,
        name=str(built.record.get("name", output.name)),
        cards=cards,
        sheet=hashlib.sha256(f"{run}\n{ids}".encode()).hexdigest()[:16],
        run=run,
    )


def _chosen(built: Built, number: int, subsets: Sequence[str], seed: str) -> list[dict[str, Any]]:
    """As many rows of each subset as of any other, as far as they have them, in random order."""
    unknown = [name for name in subsets if name not in built.subsets]
    if unknown:
        raise BuildError(
            f"{built.output}: no subset {unknown[0]!r} here; there is {', '.join(built.subsets)}"
        )
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    names = [name for name in built.subsets if not subsets or name in subsets]
    rng.shuffle(names)
    wanted = shares(number, [sum(shard.rows for shard in built.of(name)) for name in names])
    rows = [
        row
        for name, count in zip(names, wanted, strict=True)
        if count
        for row in some_rows(built.of(name), count, f"{seed}/{name}", groups=max(2, count // 5))
    ]
    if not rows:
        raise BuildError(f"{built.output}: there are no pairs to review")
    rng.shuffle(rows)
    return rows


def shares(number: int, sizes: Sequence[int]) -> list[int]:
    """`number` things spread evenly over places, none above its size; the first get the rest."""
    given = [0] * len(sizes)
    left = min(number, sum(sizes))
    while left:
        for place, size in enumerate(sizes):
            if left and given[place] < size:
                given[place] += 1
                left -= 1
    return given
