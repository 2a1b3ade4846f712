"""Croissant 1.0 metadata: the dataset as JSON-LD that other tools load and search engines index."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa

from pipelines.cards import places
from pipelines.cards.citation import own_entry
from pipelines.cards.escaping import visible
from pipelines.cards.facts import CardFacts, SubsetFacts
from pipelines.cards.fields import columns_of, describe
from pipelines.cards.licences import licence_url
from schemas.label import LABEL_SCHEMA
from schemas.pair import MEDIA_FEATURES, PAIR_SCHEMA

_CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_MEDIA_TYPES: Final = {
    "Image": "sc:ImageObject",
    "Video": "sc:VideoObject",
    "Audio": "sc:AudioObject",
    "Mesh": "sc:Text",
}
_TYPES: Final = {
    pa.string(): "sc:Text",
    pa.bool_(): "sc:Boolean",
    pa.int32(): "sc:Integer",
    pa.int64(): "sc:Integer",
    pa.float32(): "sc:Float",
    pa.float64(): "sc:Float",
}
_REPO: Final = "repo"


def croissant(facts: CardFacts) -> bytes:
    """croissant.json: every config as a record set over the shards of the repository."""
    subsets = [subset for subset in facts.subsets if subset.rows]
    tasks = sorted({subset.task for subset in subsets})
    told = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": visible(facts.name),
        "description": (
            f"{facts.rows:,} preference pairs in {len(subsets)} subsets for reward models; "
            f"tasks: {', '.join(tasks)}."
        ),
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "url": places.repo_url(facts.repo),
        "version": facts.version,
        **({"datePublished": facts.released} if facts.released else {}),
        "license": _licences(facts),
        "citeAs": own_entry(facts),
        "creator": {"@type": "sc:Organization", "name": facts.repo.partition("/")[0]},
        "isLiveDataset": False,
        "distribution": _distribution(facts, subsets),
        "recordSet": _record_sets(facts, subsets),
    }
    return json.dumps(told, indent=1, ensure_ascii=False).encode() + b"\n"


def _licences(facts: CardFacts) -> list[str]:
    """Addresses of the licences that parts state, and the page that says which part has which."""
    known = [licence_url(licence) for licence in facts.licence.of_parts]
    page = f"{places.repo_url(facts.repo)}/blob/{places.tag_of(facts.version)}/{places.LICENCES}"
    return [*(address for address in known if address), page]


def _distribution(facts: CardFacts, subsets: Sequence[SubsetFacts]) -> list[dict[str, Any]]:
    revision = places.tag_of(facts.version)
    repo = {
        "@type": "cr:FileObject",
        "@id": _REPO,
        "name": _REPO,
        "description": "The repository of the dataset on the Hugging Face Hub.",
        "contentUrl": f"{places.repo_url(facts.repo)}/tree/{revision}",
        "encodingFormat": "git+https",
        # A repository has no digest of its own; the value is the one that the Hub writes too.
        "sha256": "https://github.com/mlcommons/croissant/issues/80",
    }
    sets = [
        _file_set(places.DEFAULT_CONFIG, [places.default_glob(split) for split in facts.splits])
    ]
    sets += [
        _file_set(one.name, [places.shards_glob(one.name, split) for split in sorted(one.splits)])
        for one in subsets
    ]
    if any(subset.labels for subset in subsets):
        sets.append(_file_set(places.LABELS_CONFIG, [places.labels_glob()]))
    return [repo, *sets]


def _file_set(config: str, globs: Sequence[str]) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"files-of-{config}",
        "name": f"files-of-{config}",
        "description": f"The Parquet files of the config {config}.",
        "containedIn": {"@id": _REPO},
        "encodingFormat": "application/x-parquet",
        "includes": list(globs) if len(globs) > 1 else globs[0],
    }


def _record_sets(facts: CardFacts, subsets: Sequence[SubsetFacts]) -> list[dict[str, Any]]:
    found = [_pairs(places.DEFAULT_CONFIG, None, f"All {facts.rows:,} pairs.")]
    found += [
        _pairs(one.name, one.task, f"{one.rows:,} pairs, task {one.task}, {one.kind}.")
        for one in subsets
    ]
    if any(subset.labels for subset in subsets):
        labels = [_field(places.LABELS_CONFIG, field, "") for field in LABEL_SCHEMA]
        found.append(_record_set(places.LABELS_CONFIG, "What was said of the pairs.", None, labels))
    return found


def _pairs(config: str, task: str | None, description: str) -> dict[str, Any]:
    fields = [
        _field(config, PAIR_SCHEMA.field(name), describe(name).replace("`", ""))
        for name in columns_of(task)
    ]
    return _record_set(config, description, f"{config}/row_id", fields)


def _record_set(
    config: str, description: str, key: str | None, fields: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": config,
        "name": config,
        "description": description,
        **({"key": {"@id": key}} if key else {}),
        "field": fields,
    }


def _field(config: str, field: pa.Field, description: str) -> dict[str, Any]:
    name = f"{config}/{field.name}"
    told: dict[str, Any] = {"@type": "cr:Field", "@id": name, "name": name}
    if description:
        told["description"] = description
    kind, repeated = field.type, pa.types.is_list(field.type)
    if repeated:
        told["repeated"], kind = True, field.type.value_type
    medium = MEDIA_FEATURES.get(field.name.removeprefix("response_a_").removeprefix("response_b_"))
    if medium:
        # Croissant 1.0 has no type for 3D models: they are the bytes of a GLB file.
        told["dataType"] = _MEDIA_TYPES[medium.removeprefix("List:")]
        return {**told, "source": _source(config, field.name, "bytes")}
    if pa.types.is_struct(kind):
        told["subField"] = [
            {
                "@type": "cr:Field",
                "@id": f"{name}/{inner.name}",
                "name": f"{name}/{inner.name}",
                "dataType": _TYPES[inner.type],
                "source": _source(config, field.name, inner.name),
            }
            for inner in kind
        ]
        return told
    return {**told, "dataType": _TYPES[kind], "source": _source(config, field.name)}


def _source(config: str, column: str, inner: str | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "fileSet": {"@id": f"files-of-{config}"},
        "extract": {"column": column},
    }
    return {**told, "transform": {"jsonPath": inner}} if inner else told
