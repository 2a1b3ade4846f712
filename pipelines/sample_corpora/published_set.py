"""A sample of the published OmniRewardData, made of the pairs of the sample corpora beside it.

``<Subset>/train-00000-of-00001.parquet`` with `conversations`, `chosen`, `rejected`, `images`, as
public code reads it; media below ``media``, some in a folder named as their paths say, some in an
archive whose members lack that folder. Invented: the criteria, and how many a pair has.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any, Final

import pyarrow as pa

from pipelines.recipe import Recipe, Subset
from pipelines.sample_corpora.criteria import criteria
from pipelines.sample_corpora.files import replacing, write_parquet, write_tar
from pipelines.sample_corpora.published_rows import Medium, PublishedPair, changed, shape
from pipelines.sample_corpora.reading import drafts_of, media_of
from pipelines.sample_corpora.scheduling import spread, stream

FOLDER: Final = "published"
MEDIA: Final = "media"
FILE: Final = "train-00000-of-00001.parquet"
#: Folder of each subset's media; those of `ARCHIVED` lie in an archive without it.
PREFIXES: Final = {
    "Omni-RLAIF-V": "omni_ti2t",
    "Omni-VLFeedback": "omni_ti2t",
    "Omni-HPDv2": "omni_t2i_hpd",
    "Omni-Open-Image-Preferences": "omni_t2i",
    "RLAIF-V": "rlaifv",
    "OmniAlign-V-DPO": "omnialign",
    "EvalMuse": "evalmuse",
    "HPDv2": "hpdv2",
    "VideoDPO": "videodpo_image",
    "VisionRewardDB-Video": "visionrewardv",
}
ARCHIVED: Final = ("omni_ti2t", "videodpo_image")
TEXT_ONLY: Final = ("Skywork-Reward-Preference", "Omni-Skywork-Reward-Preference",
                    "Omni-UltraFeedback")  # fmt: skip

#: Rows that differ from their source and must be matched all the same, by task of text answers or
#: of pictures; and rows that must not be matched, or cannot be read.
MATCHING: Final = {
    "t2t": ("crlf", "decomposed", "white_space"),
    "ti2t": ("crlf", "decomposed", "white_space", "reencoded"),
    "t2i": ("white_space", "reencoded"),
    "t2v": ("reencoded",),
}
MISSES: Final = ("foreign", "edited")
UNREADABLE: Final = "unreadable"
_SHARE: Final = 0.02
#: Rows of a general subset: a taste of its shape.
_GENERAL_ROWS: Final = 24
#: More rows than the subset's target, so that it can be filled although some are no matches.
_SPARE: Final = 1.2
_GROUP_ROWS: Final = 1_000

_TURN: Final = pa.struct([("from", pa.string()), ("value", pa.string())])
SCHEMA: Final = pa.schema(
    [
        ("conversations", pa.list_(_TURN)),
        ("chosen", _TURN),
        ("rejected", _TURN),
        ("images", pa.list_(pa.string())),
    ]
)


@dataclass(frozen=True)
class PublishedRow:
    """The truth about one row: its place, what was done to it, and the source pair it is of.

    `prefers` is the side of the draft that it chose, ``first`` or ``second``; None with `key` for
    a row that is of no source pair. `kind` is ``plain`` where nothing was done.
    """

    row: int
    kind: str
    key: str | None
    prefers: str | None
    criterion: str | None

    @property
    def matches(self) -> bool:
        """Whether it must be matched."""
        return self.kind not in (*MISSES, UNREADABLE)


def write_published_set(
    directory: Path, recipe: Recipe, seed: int
) -> dict[str, list[PublishedRow]]:
    """Write `directory/published` of the corpora in `directory`; returns the truth by subset.

    `recipe` is the one that goes with the corpora (`sample_recipe`). Subsets whose corpus is not
    there, or too small, are left out. The bytes depend on the corpora and `seed` alone.
    """
    rmtree(directory / FOLDER, ignore_errors=True)
    truth: dict[str, list[PublishedRow]] = {}
    archives: dict[str, dict[str, bytes]] = {}
    for name, subset in recipe.subsets.items():
        if name not in PREFIXES and name not in TEXT_ONLY:
            continue
        corpus = recipe.corpus_of(name)
        made = _Writer(name, subset, seed)
        root = directory / str(corpus.path)
        rows = list(made.rows(drafts_of(subset.corpus, corpus, root), root))
        if not rows:
            continue
        write_parquet(directory / FOLDER / name / FILE, SCHEMA, rows, _GROUP_ROWS)
        truth[name] = made.truth
        if made.media:
            archives.setdefault(PREFIXES[name], {}).update(made.media)
    for prefix, members in archives.items():
        _write_media(directory / FOLDER / MEDIA, prefix, members)
    return truth


def _write_media(folder: Path, prefix: str, members: dict[str, bytes]) -> None:
    if prefix in ARCHIVED:
        write_tar(folder / f"{prefix}.tar", sorted(members.items()))
        return
    for name, data in members.items():
        with replacing(folder / prefix / name) as temporary:
            temporary.write_bytes(data)


class _Writer:
    """The rows of one subset, with their media and the truth about them."""

    def __init__(self, name: str, subset: Subset, seed: int) -> None:
        self.name, self.subset, self.seed = name, subset, seed
        self.truth: list[PublishedRow] = []
        self.media: dict[str, bytes] = {}

    def rows(self, drafts: pa.Table, root: Path) -> Iterator[dict[str, Any]]:
        """The rows; pairs are drawn at random, those whose media can't be used are left out."""
        rng = stream(self.seed, self.name, "published")
        wanted = _GENERAL_ROWS
        if self.subset.kind == "instruction":
            wanted = math.ceil(_SPARE * (self.subset.target or drafts.num_rows))
            wanted += len(MISSES) + 1
        order = rng.permutation(drafts.num_rows)[: math.ceil(1.5 * wanted)]
        drawn = drafts.take(pa.array(sorted(order.tolist()), pa.int64()))
        media = media_of(drawn, root)
        planned = [
            (pair, criterion, reverse)
            for row in drawn.to_pylist()
            if (pair := PublishedPair.of(row, media)) is not None
            for criterion, reverse in self._criteria(pair)
        ][:wanted]
        kinds = (*MATCHING[self.subset.task], *MISSES, UNREADABLE)
        if len(planned) < len(kinds):
            return
        share = max(1, round(_SHARE * len(planned)))
        marks = spread(len(planned), dict.fromkeys(kinds, share), rng)
        for at, (pair, criterion, reverse) in enumerate(planned):
            kind = marks[at].code if at in marks else "plain"
            yield self._row(at, kind, pair, criterion, reverse)

    def _criteria(self, pair: PublishedPair) -> list[tuple[str | None, bool]]:
        """One to three criteria of a pair, each with whether it reverses the source's label."""
        if self.subset.kind != "instruction":
            return [(None, False)]
        rng = stream(self.seed, self.name, pair.key)
        number = int(rng.choice([1, 1, 1, 1, 2, 2, 3]))
        of_text = self.subset.task in ("t2t", "ti2t")
        said = criteria(rng, number, of_text=of_text)
        return [(one, bool(rng.random() < 0.4)) for one in said]

    def _row(
        self, at: int, kind: str, pair: PublishedPair, criterion: str | None, reverse: bool
    ) -> dict[str, Any]:
        rng = stream(self.seed, self.name, "published row", at)
        shown = changed(pair, kind, rng)
        if reverse:
            shown = shown.reversed
        names = self._named(shown, at)
        row = shape(self.subset.task, shown, criterion, names, at)
        if kind == UNREADABLE:
            row["conversations"] = row["conversations"][:1] if criterion else []
            row["chosen"] = None
        known = kind not in ("foreign", UNREADABLE)
        prefers = (
            ("second" if pair.preferred == "first" else "first") if reverse else pair.preferred
        )
        key, side = (pair.key, prefers) if known else (None, None)
        self.truth.append(PublishedRow(at, kind, key, side, criterion))
        return row

    def _named(self, pair: PublishedPair, at: int) -> list[list[str]]:
        """Put the media of a row into the set; returns their paths by part."""
        if self.name in TEXT_ONLY:
            return [[], [], []]
        prefix = PREFIXES[self.name]
        paths: list[list[str]] = []
        for part, media in zip(
            ("shown", "chosen", "rejected"), (pair.shown, pair.chosen.media, pair.rejected.media),
            strict=True,
        ):  # fmt: skip
            paths.append([f"{prefix}/{self._stored(one, at, part)}" for one in media])
        return paths

    def _stored(self, medium: Medium, at: int, part: str) -> str:
        """A name for a medium, the same for equal bytes of one source file."""
        name = medium.name or f"{self.name.lower()}_{at:06d}_{part}.jpg"
        taken = self.media.get(name)
        if taken is not None and taken != medium.data:
            name = f"{at:06d}_{part}_{name}"
        self.media[name] = medium.data
        return name


def counts_of(truth: Sequence[PublishedRow]) -> dict[str, int]:
    """How many rows of each kind a subset has."""
    return dict(sorted(Counter(row.kind for row in truth).items()))
