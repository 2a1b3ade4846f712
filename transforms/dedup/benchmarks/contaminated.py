"""Which rows copy an item of a benchmark: the rules, one by one, over a table of prepared pairs."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.columns import one_array
from schemas.contamination import CONTAMINATION_SCHEMA, LIKENESSES, RULES
from transforms.dedup.benchmarks.index import FingerprintIndex
from transforms.dedup.benchmarks.match_media import MediaMatches, RowMedia, match_media
from transforms.dedup.benchmarks.match_texts import RowTexts, alike, match_texts
from transforms.dedup.settings_benchmarks import DecontaminationSettings
from transforms.dedup.settings_media import PerceptualSettings

#: Matches of a table: `row` is the position in it, the other columns are those of
#: `schemas.contamination`. Sorted by row, benchmark, rule and field, each combination once.
MATCH_SCHEMA: Final = pa.schema(
    [
        pa.field("row", pa.int64()),
        *(
            CONTAMINATION_SCHEMA.field(name)
            for name in (
                "benchmark", "item", "rule", "field", "likeness", "strength", "removed", "excerpt",
            )
        ),
    ]
)  # fmt: skip

#: Characters of an excerpt.
_EXCERPT: Final = 200
_FIELDS: Final = ("prompt", "a", "b")
_PERCEPTUAL_DEFAULT: Final = PerceptualSettings()
_EXACT, _NEAR, _PERCEPTUAL = range(len(LIKENESSES))


class _Hits(NamedTuple):
    """Matches as arrays: numbers for items, rules, fields and likenesses; excerpts by position."""

    row: np.ndarray
    item: np.ndarray
    rule: np.ndarray
    field: np.ndarray
    likeness: np.ndarray
    strength: np.ndarray
    removed: np.ndarray
    #: Position of the text or medium in what its rule and field looked at.
    source: np.ndarray


def contaminated(
    rows: pa.Table,
    index: FingerprintIndex,
    settings: DecontaminationSettings,
    perceptual: PerceptualSettings = _PERCEPTUAL_DEFAULT,
) -> pa.Table:
    """The matches of prepared rows (`schemas.flight.PREPARED_SCHEMA`), as `MATCH_SCHEMA`.

    A row is to be removed if one of its matches says so. Texts are hashed once; nothing is held
    beside the index but what belongs to these rows, so tables of a few thousand rows are best.
    """
    prompts, prompt_texts = _prompts(rows)
    media = {field: RowMedia.of(rows, field) for field in _FIELDS}
    has_media = np.zeros(rows.num_rows, bool)
    has_media[media["prompt"].row] = True
    has_image = np.zeros(rows.num_rows, bool)
    has_image[media["prompt"].row[media["prompt"].modality == "image"]] = True
    hits = [_prompt_hits(prompts, has_media, index, settings)]
    for field in ("a", "b"):
        texts = RowTexts.of(rows[f"{field}_text"], np.arange(rows.num_rows))
        hits.append(_response_hits(texts, field, index, settings))
        hits.append(_response_media_hits(media[field], field, has_image, index, perceptual))
    hits += _prompt_media_hits(media["prompt"], prompts, rows.num_rows, index, settings, perceptual)
    best = _strongest(_joined(hits), index)
    return _table(best, rows, prompt_texts, media, index)


def contamination_rows(subset: str, rows: pa.Table, matches: pa.Table) -> pa.Table:
    """Matches as they are written down (`CONTAMINATION_SCHEMA`), with the names of their rows."""
    of = rows.select(["row_id", "pair_id", "key"]).take(matches["row"])
    columns = {
        "subset": pa.array([subset] * matches.num_rows, pa.string()),
        **{name: of[name] for name in of.column_names},
        **{name: matches[name] for name in matches.column_names if name != "row"},
    }
    return pa.Table.from_pydict(columns, schema=CONTAMINATION_SCHEMA)


def removed_rows(rows: pa.Table, matches: pa.Table) -> pa.Array:
    """bool[rows]: which rows are to be removed."""
    gone = np.zeros(rows.num_rows, bool)
    gone[matches.filter(matches["removed"])["row"].to_numpy()] = True
    return pa.array(gone)


def _prompts(rows: pa.Table) -> tuple[RowTexts, pa.Array]:
    """The texts by which a prompt is known: every turn of the user, and all turns as one text."""
    column = one_array(rows["prompt"])
    turns = column.flatten()
    counts = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    owner = np.repeat(np.arange(rows.num_rows), counts)
    asked = np.flatnonzero(
        pc.equal(turns.field("role"), "user")
        .fill_null(fill_value=False)
        .to_numpy(zero_copy_only=False)
    )
    several = np.flatnonzero(counts != 1)
    contents = turns.field("content").fill_null("")
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
    whole = pc.binary_join(pa.ListArray.from_arrays(offsets, contents), "\n")
    texts = pa.concat_arrays([contents.take(pa.array(asked)), whole.take(pa.array(several))])
    row = np.concatenate([owner[asked], several])
    return RowTexts.of(texts, row), texts


def _prompt_hits(
    prompts: RowTexts,
    has_media: np.ndarray,
    index: FingerprintIndex,
    settings: DecontaminationSettings,
) -> _Hits:
    texts = index.texts["prompt"]
    found = match_texts(prompts, texts, settings.min_prompt_tokens, settings)
    row = prompts.row[found.asked]
    enough = ~has_media[row] | (found.tokens >= settings.min_prompt_tokens_with_media)
    return _hits(
        row, texts.item[found.indexed], "prompt_text", "prompt",
        np.where(found.is_exact, _EXACT, _NEAR), found.overlap, found.is_copy & enough, found.asked,
    )  # fmt: skip


def _response_hits(
    responses: RowTexts, field: str, index: FingerprintIndex, settings: DecontaminationSettings
) -> _Hits:
    texts = index.texts["response"]
    found = match_texts(responses, texts, settings.min_response_tokens, settings)
    return _hits(
        responses.row[found.asked], texts.item[found.indexed], "response_text", field,
        np.where(found.is_exact, _EXACT, _NEAR), found.overlap, found.is_copy, found.asked,
    )  # fmt: skip


def _matched(
    media: RowMedia, field: str, index: FingerprintIndex, settings: PerceptualSettings
) -> list[MediaMatches]:
    return [
        match_media(media, modality, found, settings)
        for (name, modality), found in index.media.items()
        if name == field
    ]


def _response_media_hits(
    media: RowMedia,
    field: str,
    has_image: np.ndarray,
    index: FingerprintIndex,
    settings: PerceptualSettings,
) -> _Hits:
    """Rows whose response has a medium of an item's response.

    Pictures made from the prompt's picture are edits: those of different models are as near to each
    other as copies, so they go by their files alone unless the settings say otherwise.
    """
    hits = []
    for found in _matched(media, "response_medium", index, settings):
        is_edit = has_image[found.row] & (media.modality[found.medium] == "image")
        is_sure = found.is_exact | ~is_edit | (settings.edits == "hash")
        hits.append(
            _hits(
                found.row, found.item, "response_medium", field,
                np.where(found.is_exact, _EXACT, _PERCEPTUAL), found.bits, is_sure, found.medium,
            )
        )  # fmt: skip
    return _joined(hits)


def _prompt_media_hits(
    media: RowMedia,
    prompts: RowTexts,
    rows: int,
    index: FingerprintIndex,
    settings: DecontaminationSettings,
    perceptual: PerceptualSettings,
) -> list[_Hits]:
    """Rows whose prompt has a medium of an item's prompt: with its text, or the medium alone."""
    order = np.argsort(prompts.row, kind="stable")
    counts = np.bincount(prompts.row, minlength=rows)
    start = np.cumsum(counts) - counts
    hits = []
    for found in _matched(media, "prompt_medium", index, perceptual):
        # Every text of the row with the text of the item's prompt.
        times = np.where(index.prompt_of[found.item] >= 0, counts[found.row], 0)
        pair = np.repeat(np.arange(len(found.row)), times)
        nth = np.arange(len(pair)) - np.repeat(np.cumsum(times) - times, times)
        asked = order[start[found.row[pair]] + nth]
        texts = index.prompt_of[found.item[pair]]
        _, is_copy = alike(prompts, asked, index.texts["prompt"], texts, settings)
        together = np.zeros(len(found.row), bool)
        together[pair[is_copy]] = True
        likeness = np.where(found.is_exact, _EXACT, _PERCEPTUAL)
        for rule, chosen in (("prompt_medium_and_text", together), ("prompt_medium", ~together)):
            at = np.flatnonzero(chosen)
            hits.append(
                _hits(
                    found.row[at], found.item[at], rule, "prompt", likeness[at], found.bits[at],
                    together[at], found.medium[at],
                )
            )  # fmt: skip
    return hits


def _hits(
    row: np.ndarray,
    item: np.ndarray,
    rule: str,
    field: str,
    likeness: np.ndarray,
    strength: np.ndarray,
    removed: np.ndarray,
    source: np.ndarray,
) -> _Hits:
    return _Hits(
        row,
        item,
        np.full(len(row), RULES.index(rule)),
        np.full(len(row), _FIELDS.index(field)),
        likeness,
        strength.astype(np.float32),
        removed,
        source,
    )


def _joined(hits: list[_Hits]) -> _Hits:
    nothing = np.empty(0, np.int64)
    empty = _hits(
        nothing, nothing, RULES[0], "prompt", nothing, nothing, nothing.astype(bool), nothing
    )
    return _Hits(*(np.concatenate(columns) for columns in zip(empty, *hits, strict=True)))


def _strongest(hits: _Hits, index: FingerprintIndex) -> _Hits:
    """One match for each row, benchmark, rule and field: removed first, then exact, then strong."""
    benchmark = index.benchmark_of[hits.item]
    is_text = hits.rule <= RULES.index("response_text")
    weakness = np.where(is_text, -hits.strength, hits.strength)
    order = np.lexsort(
        (hits.source, hits.item, weakness, hits.likeness, ~hits.removed, hits.field, hits.rule,
         benchmark, hits.row)
    )  # fmt: skip
    keys = np.stack([hits.row, benchmark, hits.rule, hits.field], axis=1)[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (keys[1:] != keys[:-1]).any(axis=1)
    return _Hits(*(column[order[is_new]] for column in hits))


def _table(
    hits: _Hits,
    rows: pa.Table,
    prompts: pa.Array,
    media: dict[str, RowMedia],
    index: FingerprintIndex,
) -> pa.Table:
    names = pa.array(list(index.names), pa.string())
    columns = {
        "row": pa.array(hits.row, pa.int64()),
        "benchmark": names.take(pa.array(index.benchmark_of[hits.item], pa.int64())),
        "item": index.items.take(pa.array(hits.item, pa.int64())),
        "rule": pa.array(RULES).take(pa.array(hits.rule, pa.int64())),
        "field": pa.array(_FIELDS).take(pa.array(hits.field, pa.int64())),
        "likeness": pa.array(LIKENESSES).take(pa.array(hits.likeness, pa.int64())),
        "strength": pa.array(hits.strength, pa.float32()),
        "removed": pa.array(hits.removed, pa.bool_()),
        "excerpt": pa.array(_excerpts(hits, rows, prompts, media), pa.string()),
    }
    return pa.Table.from_pydict(columns, schema=MATCH_SCHEMA)


def _excerpts(
    hits: _Hits, rows: pa.Table, prompts: pa.Array, media: dict[str, RowMedia]
) -> list[str]:
    """What of the row matched: the beginning of the text, or the medium's name. Matches are few."""
    excerpts = []
    for rule, field, source in zip(
        hits.rule.tolist(), hits.field.tolist(), hits.source.tolist(), strict=True
    ):
        name = _FIELDS[field]
        if not RULES[rule].endswith("_text") or RULES[rule] == "prompt_medium_and_text":
            text = media[name].member[source].as_py() or ""
        elif name == "prompt":
            text = prompts[source].as_py()
        else:
            text = rows[f"{name}_text"][source].as_py()
        excerpts.append(text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…")
    return excerpts
