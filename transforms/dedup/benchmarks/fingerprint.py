"""The fingerprint of a benchmark: one Parquet file of hashes, made to be kept and shared.

It has no text, no medium and no path: what an item says can't be read from it. (A text of a few
words can be guessed and the guess confirmed, as with any hash.) One row per item and field; what a
fingerprint was made from and how stands in the file's metadata, as JSON under `METADATA_KEY`.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.dedup.benchmarks.texts import text_prints
from transforms.dedup.minhash import ALGORITHM_VERSION, compact, signatures
from transforms.dedup.settings_benchmarks import TextPrintSettings
from transforms.dedup.shingles import SHINGLES_VERSION

FORMAT_VERSION: Final = 1
#: Changes with every change of a perceptual hash of media (fact `phash`).
PERCEPTUAL_VERSION: Final = 1
METADATA_KEY: Final = b"omnireward_fingerprint"
SUFFIX: Final = ".fingerprint.parquet"

FIELDS: Final = ("prompt", "response", "prompt_medium", "response_medium")

#: What a fingerprint is made of: the parts of items, with `text` for the first two fields, and
#: source digest, modality and perceptual hashes for media.
PART_SCHEMA: Final = pa.schema(
    [
        pa.field("item", pa.string()),  # config and row of the item: ``text_to_image:17``
        pa.field("field", pa.string()),
        pa.field("text", pa.string()),
        pa.field("modality", pa.string()),
        pa.field("source", pa.string()),  # SHA-256 of the source bytes, hex
        pa.field("hashes", pa.list_(pa.string())),  # of the medium and of its crops, hex
    ]
)


def fingerprint_schema(settings: TextPrintSettings) -> pa.Schema:
    """The columns of a fingerprint.

    - ``item``, ``field`` as in `PART_SCHEMA`, in the order of the benchmark;
    - of texts: ``exact`` (hash of the folded text), ``tokens``, ``ngrams`` (sorted, each once; null
      where an earlier row of the field has the same text), ``minhash`` (low 8 bits a value);
    - of media: ``modality``, ``source``, ``hashes`` as in `PART_SCHEMA`.
    """
    return pa.schema(
        [
            pa.field("item", pa.string(), nullable=False),
            pa.field("field", pa.string(), nullable=False),
            pa.field("exact", pa.uint64()),
            pa.field("tokens", pa.uint32()),
            pa.field("ngrams", pa.list_(pa.uint64())),
            pa.field("minhash", pa.binary(settings.num_perm)),
            pa.field("modality", pa.string()),
            pa.field("source", pa.string()),
            pa.field("hashes", pa.list_(pa.string())),
        ]
    )


@dataclass(frozen=True)
class Origin:
    """What a fingerprint was made from. `made_from` is a digest of the files that were read."""

    name: str
    repo: str
    revision: str
    licence: str
    made_from: str


@dataclass(frozen=True)
class Fingerprint:
    """A fingerprint that was read, and the SHA-256 of its file, hex."""

    table: pa.Table
    metadata: Mapping[str, Any]
    digest: str

    @property
    def name(self) -> str:
        """The benchmark's name."""
        return str(self.metadata["name"])


def algorithms(settings: TextPrintSettings) -> dict[str, Any]:
    """What two fingerprints must have in common to be compared with the same rows."""
    return {
        "format": FORMAT_VERSION,
        "shingles": SHINGLES_VERSION,
        "minhash": ALGORITHM_VERSION,
        "perceptual": PERCEPTUAL_VERSION,
        "print": asdict(settings),
    }


def make_fingerprint(parts: pa.Table, origin: Origin, settings: TextPrintSettings) -> pa.Table:
    """The fingerprint of items given as parts (`PART_SCHEMA`), with its metadata.

    Raises ValueError for a field that is none of `FIELDS`.
    """
    unknown = set(parts["field"].unique().to_pylist()) - set(FIELDS)
    if unknown:
        raise ValueError(f"unknown field {sorted(unknown)[0]!r}: one of {FIELDS}")
    has_text = parts["text"].is_valid().combine_chunks()
    texts = parts["text"].combine_chunks()
    prints = text_prints(texts.fill_null(""), settings)
    signed = compact(signatures(prints.grams, settings.num_perm, settings.seed))
    no_text = pc.invert(has_text)
    exact = pa.array(prints.exact)
    repeated = _repeated(parts["field"].combine_chunks(), exact)
    columns = {
        "item": parts["item"],
        "field": parts["field"],
        "exact": pc.if_else(has_text, exact, None),
        "tokens": pc.if_else(has_text, pa.array(prints.tokens, pa.uint32()), None),
        "ngrams": pc.if_else(
            pc.and_(has_text, pc.invert(repeated)),
            pa.ListArray.from_arrays(
                pa.array(prints.grams.offsets, pa.int32()), pa.array(prints.grams.values)
            ),
            None,
        ),
        "minhash": pa.array(
            [
                None if without else row.tobytes()
                for row, without in zip(signed, no_text.to_pylist(), strict=True)
            ],
            pa.binary(settings.num_perm),
        ),
        "modality": parts["modality"],
        "source": parts["source"],
        "hashes": parts["hashes"],
    }
    metadata = {
        **asdict(origin),
        **algorithms(settings),
        "items": pc.count_distinct(parts["item"]).as_py(),
        "fields": _counts(parts["field"]),
        "modalities": _counts(parts["modality"].drop_null()),
    }
    schema = fingerprint_schema(settings)
    table = pa.Table.from_pydict(columns, schema=schema)
    text = json.dumps(metadata, sort_keys=True, ensure_ascii=False)
    return table.replace_schema_metadata({METADATA_KEY: text.encode()})


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    counted = column.value_counts().to_pylist()
    return dict(sorted((entry["values"], entry["counts"]) for entry in counted))


def _repeated(field: pa.Array, exact: pa.Array) -> pa.Array:
    """Whether an earlier row has the same field and hash."""
    rows = pa.table({"field": field, "exact": exact, "row": pa.array(range(len(field)))})
    first = rows.group_by(["field", "exact"]).aggregate([("row", "min")])["row_min"]
    return pc.invert(pc.is_in(rows["row"].combine_chunks(), value_set=first.combine_chunks()))


def file_of(folder: str, name: str) -> str:
    """Where the fingerprint of a benchmark lies in a folder of fingerprints."""
    return files.join(folder, name + SUFFIX)


def write_fingerprint(folder: str, table: pa.Table) -> tuple[str, str]:
    """Write a fingerprint to a folder; returns its path and the SHA-256 of the file, hex."""
    metadata = json.loads(table.schema.metadata[METADATA_KEY])
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", compression_level=9)
    data = sink.getvalue()
    path = file_of(folder, metadata["name"])
    files.write_once(path, data)
    return path, hashlib.sha256(data).hexdigest()


def read_fingerprint(path: str, settings: TextPrintSettings | None = None) -> Fingerprint:
    """Read a fingerprint; with settings, only one whose hashes can be compared under them.

    Raises:
        BuildError: the file is no fingerprint, or it was made by other algorithms or parameters:
            says which, and what to run again.
    """
    try:
        data = files.read_bytes(path)
        table = pq.read_table(io.BytesIO(data))
    except FileNotFoundError:
        raise BuildError(f"{path}: there is no such fingerprint") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise BuildError(f"{path}: not a fingerprint of a benchmark: {error}") from None
    metadata = _metadata(path, table)
    if settings is not None:
        _check(path, metadata, algorithms(settings))
        wanted = fingerprint_schema(settings)
        if not table.schema.equals(wanted):
            raise BuildError(f"{path}: its columns are not those of a fingerprint; make it again")
    return Fingerprint(table, metadata, hashlib.sha256(data).hexdigest())


def _metadata(path: str, table: pa.Table) -> Mapping[str, Any]:
    try:
        metadata = json.loads((table.schema.metadata or {})[METADATA_KEY])
        complete = {"name", "items", "format", *Origin.__annotations__} <= metadata.keys()
    except (KeyError, ValueError, AttributeError):
        complete = False
    if not complete:
        raise BuildError(
            f"{path}: not a fingerprint of a benchmark; make one with omnireward benchmark add"
        )
    return dict(metadata)


def _check(path: str, metadata: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Refuse what can't be compared: every difference is named."""
    found = {name: metadata.get(name) for name in wanted}
    differences = []
    for name, value in wanted.items():
        if name != "print" and found[name] != value:
            differences.append(f"{name} {found[name]} (wanted {value})")
    made = found["print"] if isinstance(found["print"], dict) else {}
    for name, value in wanted["print"].items():
        if made.get(name) != value:
            differences.append(f"{name} {made.get(name)} (wanted {value})")
    if differences:
        name = metadata["name"]
        raise BuildError(
            f"{path}: made with {', '.join(differences)}, so its hashes can't be compared; make it "
            f"again with: omnireward benchmark add {name}"
        )
