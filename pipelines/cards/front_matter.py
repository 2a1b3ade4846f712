"""The YAML at the head of the card, as the Hub reads it: configs, features, sizes, licence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import pyarrow as pa
import yaml

from pipelines.cards import places
from pipelines.cards.escaping import visible
from pipelines.cards.facts import CardFacts, SubsetFacts
from pipelines.cards.licences import OTHER
from schemas.label import LABEL_SCHEMA
from schemas.pair import MEDIA_FEATURES, PAIR_SCHEMA
from schemas.tasks import TASKS

#: The Hub's own names of tasks.
TASK_CATEGORIES: Final = {
    "t2t": "text-generation",
    "ti2t": "image-text-to-text",
    "tv2t": "video-text-to-text",
    "ta2t": "audio-text-to-text",
    "t2i": "text-to-image",
    "t2v": "text-to-video",
    "t2a": "text-to-audio",
    "t23d": "text-to-3d",
    "ti2i": "image-to-image",
}
_ANNOTATIONS: Final = {
    "human": "crowdsourced",
    "model": "machine-generated",
    "metric": "machine-generated",
    "measured": "machine-generated",
}
_SIZES: Final = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
)
_TAGS: Final = ("preference", "reward-model", "rlhf", "multimodal")
_MODALITY_TAGS: Final = {"text": "text", "image": "image", "video": "video", "audio": "audio",
                         "mesh": "3d"}  # fmt: skip


def size_category(rows: int) -> str:
    """The Hub's name for a number of rows."""
    return next((name for bound, name in _SIZES if rows < bound), "10M<n<100M")


def front_matter(facts: CardFacts) -> dict[str, Any]:
    """The metadata of the dataset's card, in the order in which it is written."""
    licence = facts.licence
    ids = list(licence.ids)
    told: dict[str, Any] = {
        "pretty_name": visible(facts.name),
        "license": ids[0] if len(ids) == 1 else ids,
    }
    if licence.ids == (OTHER,):
        told |= {"license_name": licence.name, "license_link": places.LICENCES}
    languages = _languages(facts)
    if languages:
        told["language"] = languages
    told |= {
        "task_categories": _unique(TASK_CATEGORIES[subset.task] for subset in facts.subsets),
        "annotations_creators": _annotations(facts),
        "size_categories": [size_category(facts.rows)],
        "source_datasets": _unique(
            corpus.repo for corpus in facts.corpora.values() if places.is_repo(corpus.repo)
        ),
        "tags": _tags(facts),
        "configs": configs(facts),
        "dataset_info": _infos(facts),
    }
    return told


def as_yaml(metadata: Mapping[str, Any]) -> str:
    """Metadata as YAML between its fences; one leaf mapping a line."""
    text = yaml.dump(
        dict(metadata), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=10_000,
        default_flow_style=None,
    )  # fmt: skip
    return f"---\n{text}---\n"


class _Plain(yaml.SafeDumper):
    """Writes no anchors: the Hub and people read the values where they stand."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def configs(facts: CardFacts) -> list[dict[str, Any]]:
    """`default` over all files, one config a subset, `labels` where there are any."""
    found = [_config(places.DEFAULT_CONFIG, facts.splits, places.default_glob)]
    for subset in facts.subsets:
        if subset.rows:
            splits = [split for split in facts.splits if split in subset.splits]
            found.append(_config(subset.name, splits, _globs_of(subset)))
    if any(subset.labels for subset in facts.subsets):
        found.append(_config(places.LABELS_CONFIG, ["train"], lambda _: places.labels_glob()))
    return found


def _globs_of(subset: SubsetFacts) -> Any:
    return lambda split: places.shards_glob(subset.name, split)


def _config(name: str, splits: Iterable[str], path: Any) -> dict[str, Any]:
    files = [{"split": split, "path": path(split)} for split in splits]
    return {"config_name": name, "data_files": files}


def _infos(facts: CardFacts) -> list[dict[str, Any]]:
    """Sizes of every config. All subsets have the features of `default`: they are written once."""
    found = [_info(places.DEFAULT_CONFIG, facts, facts.subsets, features(PAIR_SCHEMA))]
    found += [_info(subset.name, facts, [subset], None) for subset in facts.subsets if subset.rows]
    labels = [subset.labels for subset in facts.subsets if subset.labels]
    if labels:
        size, rows = sum(one.column_bytes for one in labels), sum(one.rows for one in labels)
        found.append(
            {
                "config_name": places.LABELS_CONFIG,
                "features": features(LABEL_SCHEMA),
                "splits": [{"name": "train", "num_bytes": size, "num_examples": rows}],
                "download_size": sum(one.file_bytes for one in labels),
                "dataset_size": size,
            }
        )
    return found


def _info(
    name: str, facts: CardFacts, subsets: Iterable[SubsetFacts], typed: list[Any] | None
) -> dict[str, Any]:
    chosen = list(subsets)
    splits = []
    for split in facts.splits:
        parts = [subset.splits[split] for subset in chosen if split in subset.splits]
        if parts:
            size, rows = sum(part.column_bytes for part in parts), sum(part.rows for part in parts)
            splits.append({"name": split, "num_bytes": size, "num_examples": rows})
    return {
        "config_name": name,
        **({"features": typed} if typed else {}),
        "splits": splits,
        "download_size": sum(subset.file_bytes for subset in chosen),
        "dataset_size": sum(split["num_bytes"] for split in splits),
    }


def features(schema: pa.Schema) -> list[dict[str, Any]]:
    """A schema's features in the form that the Hub's cards use."""
    return [_column(field) for field in schema]


def _column(field: pa.Field) -> dict[str, Any]:
    """A column: media have features of their own, by the name of their column."""
    medium = MEDIA_FEATURES.get(field.name.removeprefix("response_a_").removeprefix("response_b_"))
    if medium is None:
        return _value(field)
    kind = medium.removeprefix("List:")
    return {"name": field.name, "dtype" if kind == medium else "list": kind.lower()}


def _value(field: pa.Field) -> dict[str, Any]:
    if pa.types.is_list(field.type):
        return {"name": field.name, "list": [_value(one) for one in field.type.value_type]}
    if pa.types.is_struct(field.type):
        return {"name": field.name, "struct": [_value(one) for one in field.type]}
    kinds = {"float": "float32", "double": "float64"}
    return {"name": field.name, "dtype": kinds.get(str(field.type), str(field.type))}


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _languages(facts: CardFacts) -> list[str]:
    codes = {code for corpus in facts.corpora.values() for code in corpus.languages}
    return sorted(codes - {"unknown"})


def _annotations(facts: CardFacts) -> list[str]:
    who = {name for subset in facts.subsets for name in subset.rows_by.annotator}
    # A criterion of a model or of a measurement makes the label, whoever labelled the source.
    who |= {"model" for subset in facts.subsets if subset.kind == "instruction" and subset.rows}
    return sorted({_ANNOTATIONS[name] for name in who if name in _ANNOTATIONS}) or ["other"]


def _tags(facts: CardFacts) -> list[str]:
    modalities = {"text"}
    for subset in facts.subsets:
        task = TASKS.get(subset.task)  # type: ignore[call-overload]
        modalities |= {*task.prompt, task.response} if task else set()
    found = [*_TAGS, *(_MODALITY_TAGS[name] for name in _MODALITY_TAGS if name in modalities)]
    return [*found, "non-commercial"] if facts.licence.non_commercial else found
