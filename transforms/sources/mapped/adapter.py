"""The adapter of any corpus that a recipe describes: one record, its columns as mapped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, ClassVar

import pyarrow as pa

from schemas.ids import content_key
from transforms.beamkit.errors import BuildError
from transforms.sources.adapter import RecordAdapter, need
from transforms.sources.batch import SourceBatch
from transforms.sources.columns import Column, check_keys, family_of
from transforms.sources.draft import Draft, Dropped, Response, Turn
from transforms.sources.formats import jsonl, parquet
from transforms.sources.formats.cut import RECORD_SUFFIXES
from transforms.sources.formats.json_text import parse_json
from transforms.sources.mapped.media import PLURAL, prompt_refs, refs_of
from transforms.sources.mapped.options import MappedOptions, many
from transforms.sources.mapped.text_columns import (
    Letters,
    TextColumns,
    is_utf8,
    parse_lines,
    text_batch,
)
from transforms.sources.mapped.unpaired import why_unpaired
from transforms.sources.mapped.values import (
    is_turns,
    needed,
    plain_text,
    transcript_turns,
    turns_of,
    value_of,
)
from transforms.sources.mapped.verdict import judged
from transforms.sources.pairing import ScoredPair
from transforms.sources.records import Place, Records, read_records, table_records
from transforms.sources.settings import Corpus
from transforms.sources.turns import last_text, shared_prompt
from transforms.sources.work_unit import WorkUnit

#: What a response is before it is read: text in some shape, or the path or cell of a medium.
Raw = tuple[str, Any]


class MappedAdapter(RecordAdapter):
    """One record gives one pair or several, as the recipe's `options` and `pairs` say."""

    Options: ClassVar[type] = MappedOptions
    RECORD_SUFFIXES: ClassVar = RECORD_SUFFIXES

    def __init__(self, corpus: Corpus, name: str, subset: str) -> None:
        super().__init__(corpus, name, subset)
        self.options = MappedOptions.of(corpus.options)
        self.COLUMNS = tuple(_column(names, self.options) for names in self.options.needed())  # type: ignore[misc]
        self.PROJECTION = self.options.columns()  # type: ignore[misc]

    def records(self, unit: WorkUnit) -> Records:
        """The records; a file whose records are no pairs is refused with the reason."""
        return read_records(unit, self.COLUMNS, self.PROJECTION, _check_first)

    def key(self, record: Mapping[str, Any]) -> str:
        """The mapped key, or a digest of all that is mapped."""
        name = self.options.key
        given = None if name is None else value_of(record, name)
        if given is not None:
            return str(given)
        plain = self.options.text_columns
        if plain is not None:
            values = [record.get(column) for column in plain[:3]]
            return plain.content([v if v is None else as_text(v) for v in values])
        return content_key(as_text({name: record.get(name) for name in self.PROJECTION or ()}))

    def seen(self, record: Mapping[str, Any]) -> str:
        """The mapped columns only."""
        return super().seen({name: record.get(name) for name in self.PROJECTION or ()})

    def read(self, unit: WorkUnit) -> Iterator[SourceBatch]:
        """Read a unit by columns where those are strictly text, by records elsewhere."""
        plain = self.options.text_columns
        if plain is None or unit.format not in ("jsonl", "parquet"):
            yield from super().read(unit)
        elif unit.format == "jsonl":
            yield from self._read_lines(unit, plain)
        else:
            yield from self._read_parquet(unit, plain)

    def _read_lines(self, unit: WorkUnit, plain: TextColumns) -> Iterator[SourceBatch]:
        start, data = jsonl.read(unit)
        table = parse_lines(data, plain.names)
        try:
            first = parse_json(data.partition(b"\n")[0]) if table and start == 0 else None
        except ValueError:
            table = None
        if table is None:
            yield from super().read(unit)
        elif table.num_rows:
            if first is not None:
                _check_first(first, self.COLUMNS, unit.path)
            place = f"{unit.file} lines from byte {start}, line "
            yield text_batch(table, plain, self._letters, place)

    def _read_parquet(self, unit: WorkUnit, plain: TextColumns) -> Iterator[SourceBatch]:
        for start, table in parquet.read(unit, plain.names):
            if {family_of(field.type) for field in table.schema} != {"text"}:
                yield from super().read(unit)
                return
            if not is_utf8(table):
                yield from self.batches(table_records(unit, start, table))
                continue
            texts = table.select(plain.names).cast(
                pa.schema([(name, pa.string()) for name in plain.names])
            )
            place = f"{unit.file} group {unit.start} row {start} + "
            yield text_batch(texts, plain, self._letters, place)

    @property
    def _letters(self) -> Letters:
        return Letters(self.subset, self.name, self.seen)

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pairs of a record."""
        for column, wanted in self.options.only.items():
            if str(value_of(record, column)) not in map(str, wanted):
                raise Dropped(f"only:{column}")
        prompt, sides, pairs = self._read(record, place)
        media = prompt_refs(record, self.options, place)
        key = self.key(record)
        for pair in pairs:
            yield Draft(
                key=key if len(pairs) == 1 else f"{key}/{pair.first}-{pair.second}",
                prompt=prompt,
                prompt_media=media,
                first=sides[pair.first],
                second=sides[pair.second],
                preferred=pair.preferred,
                margin=pair.margin or None,
                where=str(place),
            )

    def _read(
        self, record: Mapping[str, Any], place: Place
    ) -> tuple[tuple[Turn, ...], list[Response], list[ScoredPair]]:
        """Prompt, responses, and the pairs among them; faults are met in this order."""
        options = self.options
        if options.responses is not None:
            prompt, raw = self._prompt(record), self._responses(record)
            pairs, scores = judged(record, options, len(raw), self.corpus.pairs)
            models = self._models(record, len(raw))
            sides = [
                replace(self._response(place, response), score=scores[at], model=models[at])
                for at, response in enumerate(raw)
            ]
            return prompt, sides, pairs
        names = (str(options.chosen), str(options.rejected))
        if options.prompt is None:
            prompt, *texts = shared_prompt(*(self._turns(record, name) for name in names))
            sides = [Response(text=text) for text in texts]
            return self._system(record) + prompt, self._named(record, sides), [_preferred(0, 1)]
        prompt = self._prompt(record)
        better, worse = (
            [self._response(place, raw) for raw in self._several(record, name)] for name in names
        )
        pairs = [_preferred(a, len(better) + b) for a, b in self._matched(len(better), len(worse))]
        return prompt, self._named(record, [*better, *worse]), pairs

    def _named(self, record: Mapping[str, Any], sides: list[Response]) -> list[Response]:
        models = self._models(record, len(sides))
        return [replace(side, model=model) for side, model in zip(sides, models, strict=True)]

    def _matched(self, better: int, worse: int) -> list[tuple[int, int]]:
        """Which of several chosen go with which of several rejected: all, or place by place."""
        if self.corpus.pairs.rule == "all":
            return list(product(range(better), range(worse)))
        need(
            better == worse,
            "malformed_responses",
            f"{better} chosen and {worse} rejected can't be paired place by place",
        )
        return [(at, at) for at in range(better)]

    def _several(self, record: Mapping[str, Any], name: str) -> list[Raw]:
        """One response, or a list of them, as a column of chosen or rejected ones holds."""
        if name in self.options.cells():
            return [(name, None)]
        value = needed(record, name)
        is_list = isinstance(value, list) and all(isinstance(item, str) for item in value)
        if is_list and value and self.options.response_slot not in PLURAL:
            return [(name, item) for item in value]
        return [(name, value)]

    def _responses(self, record: Mapping[str, Any]) -> list[Raw]:
        names = many(self.options.responses)
        if len(names) == 2:
            cells = self.options.cells()
            return [(name, None if name in cells else needed(record, name)) for name in names]
        value = needed(record, names[0])
        need(
            isinstance(value, list) and len(value) > 1,
            "malformed_responses",
            f"{names[0]} is not a list of two or more responses",
        )
        return [(names[0], item) for item in value]

    def _response(self, place: Place, raw: Raw) -> Response:
        column, value = raw
        slot = self.options.response_slot
        if slot is not None:
            if isinstance(value, Mapping) and self.options.text is not None:
                value = value_of(value, self.options.text)
            media = refs_of(slot, self.options.media[slot], column, value, place)
            return Response(media=media)
        text = (
            last_text(turns_of(value, column), column)
            if is_turns(value)
            else plain_text(value, column, self.options.text)
        )
        need(bool(text.strip()), "empty_response", f"{column} is empty")
        return Response(text=text)

    def _prompt(self, record: Mapping[str, Any]) -> tuple[Turn, ...]:
        names = many(self.options.prompt)
        first = needed(record, names[0])
        if is_turns(first):
            need(len(names) == 1, "not_text", f"{names[0]} holds turns, which can't be joined")
            return self._system(record) + turns_of(first, names[0])
        if self.options.transcript and isinstance(first, str):
            return self._system(record) + transcript_turns(first, self.options.transcript, names[0])
        texts = [plain_text(first, names[0])]
        more = ((name, value_of(record, name)) for name in names[1:])
        texts += [plain_text(value, name) for name, value in more if value is not None]
        joined = texts[0] if len(texts) == 1 else "\n\n".join(t for t in texts if t.strip())
        return (*self._system(record), Turn("user", joined))

    def _system(self, record: Mapping[str, Any]) -> tuple[Turn, ...]:
        name = self.options.system
        value = None if name is None else value_of(record, name)
        return () if not value or name is None else (Turn("system", plain_text(value, name)),)

    def _turns(self, record: Mapping[str, Any], name: str) -> tuple[Turn, ...]:
        """A whole conversation: turns, or a transcript."""
        value = needed(record, name)
        if isinstance(value, str) and self.options.transcript:
            return transcript_turns(value, self.options.transcript, name)
        need(is_turns(value), "no_prompt", f"{name} is one text; where is the prompt?")
        return turns_of(value, name)

    def _models(self, record: Mapping[str, Any], number: int) -> list[str | None]:
        names = many(self.options.models)
        raw = (
            value_of(record, names[0])
            if len(names) == 1
            else [value_of(record, name) for name in names]
        )
        if not isinstance(raw, list) or len(raw) != number:
            return [None] * number
        return [None if model is None else str(model) for model in raw]


def _column(names: tuple[str, ...], options: MappedOptions) -> Column:
    """A column that must be there; one that is read for text alone can't hold numbers."""
    told = {*many(options.prompt)}
    if options.response_slot is None:
        told |= {*many(options.chosen), *many(options.rejected), *many(options.responses)}
    return Column(names, "words" if names[0] in told and len(names) == 1 else "any")


def _check_first(record: Mapping[str, Any], columns: Sequence[Column], path: str) -> None:
    whole = all(any(name in record for name in column.names) for column in columns)
    reason = None if whole else why_unpaired(record)
    if reason is not None:
        raise BuildError(f"{path}: {reason}")
    check_keys(record, columns, path)


def as_text(value: Any) -> str:
    """A value in one spelling: text as it is, the rest as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=repr)


def _preferred(first: int, second: int) -> ScoredPair:
    return ScoredPair(first, second, "first", 0.0)
