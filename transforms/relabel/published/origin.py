"""The origin `published`: criteria and preferences read from the published OmniRewardData."""

from __future__ import annotations

import functools
import io
from dataclasses import asdict, dataclass
from typing import ClassVar, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.dead_letter import DeadLetter, dead_letter_table
from schemas.flight import PREPARED_SCHEMA
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.relabel.origin import LABELLED_SCHEMA, RELABEL, AtOnce, Labelled
from transforms.relabel.published.labels import PublishedMatch, match_published
from transforms.relabel.published.pairs import MEDIA_SCHEMA
from transforms.relabel.published.rows import read_rows
from transforms.relabel.published.settings import PublishedSettings
from transforms.relabel.published.texts import TURN_BREAK, key

#: What of a prepared pair published rows are matched by.
_NEEDED = (
    "row_id", "pair_id", "key", "preference", "prompt", "a_text", "b_text", "prompt_media",
    "a_media", "b_media",
)  # fmt: skip


@dataclass(frozen=True)
class PublishedOrigin(AtOnce):
    """Matches the rows of one subset of the published set to the pairs of its source corpus.

    `files` are the subset's Parquet files with their digests, `media` the table of its pictures'
    hashes (`published.pairs.MEDIA_SCHEMA`) as an Arrow IPC file with the digest of what it says,
    or None where there are no pictures to look at.
    """

    subset: str
    corpus: str
    task: str
    files: tuple[tuple[str, str], ...]
    media: tuple[str, str] | None
    revision: str | None
    settings: PublishedSettings

    name: ClassVar[str] = "published"

    @property
    def inputs(self) -> object:
        """Settings, and the digests of the files and of what is known of the pictures."""
        digests = [digest for _, digest in self.files]
        media = [] if self.media is None else [self.media[1]]
        return ["published", self.task, asdict(self.settings), digests, self.revision, *media]

    @property
    def admits_by(self) -> object:
        """The files: pictures that are unpacked later make no pair anew."""
        return ["published", self.task, [digest for _, digest in self.files]]

    @property
    def reserve(self) -> float | None:
        """All that are admitted go on: the published set says which pairs it is about."""
        return None

    def admits(self, drafts: pa.Table) -> pa.Array | None:
        """Drafts whose prompt is that of a published row."""
        turn = pl.element()
        spoken = turn.struct.field("content").filter(turn.struct.field("role") != "system")
        frame = pl.DataFrame({"prompt": pl.from_arrow(drafts["prompt"])}).select(
            prompt=pl.col("prompt").list.eval(spoken).list.join(TURN_BREAK)
        )
        known = _prompt_keys(self.files, self.task)
        mask = frame.select(key(pl.col("prompt"), "folded").is_in(known.implode())).to_series()
        return mask.to_arrow()

    def look(self, rows: pa.Table) -> pa.Table:
        """Texts and facts of media."""
        return rows.select(_NEEDED)

    def label(self, survivors: pa.Table, looked: pa.Table, wanted: int | None) -> Labelled:
        """Match; published rows that fit no pair are dead letters with their nearest miss.

        Raises:
            BuildError: the table of pictures is gone.
        """
        found = match_published(
            _published_rows(self.files),
            _as_prepared(looked),
            self._media(),
            task=self.task,
            subset=self.subset,
            revision=self.revision,
            settings=self.settings,
        )
        return Labelled(
            _labelled(survivors, looked, found),
            found.labels,
            self._dead(found),
            self._counts(found),
        )

    def _media(self) -> pa.Table:
        if self.media is None:
            return MEDIA_SCHEMA.empty_table()
        path, _ = self.media
        if not files.exists(path):
            raise BuildError(
                f"{path}: gone, and the pictures of {self.subset} are matched by it; build again"
            )
        return pa.ipc.open_file(io.BytesIO(files.read_bytes(path))).read_all()

    def _dead(self, found: PublishedMatch) -> pa.Table:
        return dead_letter_table(
            DeadLetter(
                RELABEL,
                self.subset,
                self.corpus,
                f"{self.subset}/{miss['row']}",
                f"published_{miss['reason']}",
                _told(miss),
                miss["criterion"] or miss["seen"] or "",
                f"published row {miss['row']}",
            )
            for miss in found.misses.to_pylist()
        )

    def _counts(self, found: PublishedMatch) -> list[tuple[str, str, int]]:
        summary, letters = found.summary, found.misses["reason"].value_counts().to_pylist()
        return [
            (RELABEL, "in", summary.rows),
            (RELABEL, "out", summary.labels),
            (RELABEL, "dropped:repeated", summary.repeated),
            (RELABEL, "dropped:without_criterion", summary.general),
            *((RELABEL, f"dead:published_{one['values']}", one["counts"]) for one in letters),
            (RELABEL, "note:ambiguous", summary.ambiguous),
            *((RELABEL, f"note:matched_by_{by}", number) for by, number in summary.by.items()),
        ]


_UNREADABLE: Final = {
    "no_prompt": "has no prompt",
    "no_response": "lacks a response",
    "images_unfit": "has not as many images as its task has",
}


def _told(miss: dict[str, object]) -> str:
    """What a person can do with a miss: what is nearest, and what differs there."""
    nearest = miss.get("nearest_key")
    if miss["reason"] in _UNREADABLE:
        return f"this published row {_UNREADABLE[str(miss['reason'])]}"
    if miss["reason"] == "unmatched" and nearest is None:
        return "no pair of the corpus is like this published row"
    said = {
        name: value
        for name, value in miss.items()
        if value is not None and name not in ("row", "subset", "criterion", "reason")
    }
    told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in said.items())
    return f"this published row is {miss['reason']}; {told}" if told else f"{miss['reason']}"


def _as_prepared(looked: pa.Table) -> pa.Table:
    """What was looked at in the schema that it is a part of."""
    number = looked.num_rows
    columns = [
        looked[field.name] if field.name in looked.column_names else pa.nulls(number, field.type)
        for field in PREPARED_SCHEMA
    ]
    return pa.Table.from_arrays(columns, schema=PREPARED_SCHEMA)


def _labelled(survivors: pa.Table, looked: pa.Table, found: PublishedMatch) -> pl.DataFrame:
    """Labels joined to their pairs, in order of rank."""
    pairs = pl.DataFrame(
        {
            "pair_id": survivors["pair_id"].to_pylist(),
            "base_id": survivors["base_id"].to_pylist(),
            "key": survivors["key"].to_pylist(),
            "source": looked["preference"].to_pylist(),
        }
    )
    labels = pl.DataFrame(
        {name: found.labels[name].to_pylist() for name in ("pair_id", "criterion", "verdict")},
        schema={"pair_id": pl.String, "criterion": pl.String, "verdict": pl.String},
    )
    joined = pairs.join(labels, on="pair_id", how="inner", maintain_order="left")
    return joined.select(
        "base_id",
        "key",
        "criterion",
        "source",
        preference="verdict",
        agreement=pl.lit(None, pl.Float32),
        n_votes=pl.lit(None, pl.Int32),
    ).cast(LABELLED_SCHEMA)


def _published_rows(named: tuple[tuple[str, str], ...]) -> pa.Table:
    """All rows of the named files of the published set."""
    tables = [pq.read_table(io.BytesIO(files.read_bytes(path))) for path, _ in named]
    return pa.concat_tables(tables, promote_options="default")


@functools.lru_cache(maxsize=4)
def _prompt_keys(named: tuple[tuple[str, str], ...], task: str) -> pl.Series:
    """Folded keys of the prompts of published rows; made once a process."""
    rows = read_rows(_published_rows(named), task).rows
    return rows.select(key(pl.col("prompt"), "folded").unique()).to_series()
