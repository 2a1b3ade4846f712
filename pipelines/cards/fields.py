"""What each column of a published row means, and which columns a task can fill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

from schemas.pair import MEDIA_FEATURES, PAIR_SCHEMA
from schemas.tasks import PROMPT_SLOTS, RESPONSE_SLOTS, TASKS

_OF_ROW: Final = {
    "row_id": "Hash of subset, pair and criterion: the row's identity, in every version.",
    "pair_id": "Hash of task, prompt and both responses: equal in all subsets that hold the pair.",
    "task": "One of `t2t ti2t tv2t ta2t t2i t2v t2a t23d ti2i`; `ti2t` reads text and image to "
    "text.",
    "subset": "The subset, which is also the config.",
    "kind": "`general`, or `instruction`: the preference holds under a criterion.",
    "prompt_group": "Rows whose prompts are near-equal share it; a split never cuts through one.",
    "media_group": "The same for prompt media.",
    "prompt": "Turns `{role, content}`; `<image>`, `<video>`, `<audio>` and `<mesh>` stand where "
    "the media of the prompt belong, in order.",
    "prompt_images": "Pictures of the prompt.",
    "prompt_videos": "Clips of the prompt; without `bytes`, `path` is the address under `videos/`.",
    "prompt_audios": "Sounds of the prompt.",
    "prompt_meshes": "3D models of the prompt.",
    "prompt_frames": "Frames of a prompt's clip that exists as frames only.",
    "prompt_info": "Facts about each medium of the prompt, in order: format, size, duration, "
    "digest of the source's bytes, perceptual hash.",
    "preference": "`a`, `b` or `tie`: the label.",
    "source_preference": "What the corpus said, before a criterion.",
    "margin": "How far the corpus had the two apart, in its own scale; null where it gives none.",
    "annotator": "Who gave the label of the corpus: `human`, `model`, `metric` or `measured`.",
    "criterion": "By what the preference is to be judged; null in general rows.",
    "criterion_origin": "`llm`, `published` or `measured`; null in general rows.",
    "flipped": "Whether the criterion reverses the label of the corpus.",
    "agreement": "Share of the judges' votes that agree with the label; null where nobody voted, "
    "and 1 where the label follows from a measurement.",
    "n_votes": "Number of votes; null where nobody voted, and 1 for a measurement.",
    "source": "`{corpus, revision, key, licence, url}`: the record that the pair was made from.",
    "nc": "Whether the licence of the source forbids commercial use.",
}
_OF_RESPONSE: Final = {
    "text": "The response as text.",
    "image": "The response as a picture.",
    "frames": "Frames of a clip that exists as frames only.",
    "video": "The response as a clip; without `bytes`, `path` is its address under `videos/`.",
    "audio": "The response as a sound.",
    "mesh": "The response as a 3D model.",
    "views": "Rendered views of a 3D model.",
    "frames_fps": "Frames a second of `frames`.",
    "model": "The model that made the response, where the corpus names it.",
    "score": "The corpus's score of the response, where it gives one.",
    "info": "Facts about each of its media: format, size, duration, digest, perceptual hash.",
}
_A, _B = "response_a_", "response_b_"


def describe(column: str) -> str:
    """The meaning of a column in Markdown.

    Raises:
        KeyError: there is no such column.
    """
    inner = column.removeprefix(_A).removeprefix(_B)
    return _OF_RESPONSE[inner] if inner != column else _OF_ROW[column]


def type_of(data_type: pa.DataType, column: str) -> str:
    """A column's type for a person: ``Image``, ``list of {role, content}``, ``string``."""
    feature = MEDIA_FEATURES.get(column.removeprefix(_A).removeprefix(_B))
    if feature:
        inner = feature.removeprefix("List:")
        return f"list of {inner}" if inner != feature else inner
    if pa.types.is_list(data_type):
        return f"list of {type_of(data_type.value_type, '')}"
    if pa.types.is_struct(data_type):
        many = data_type.num_fields > 5
        return "struct" if many else "{" + ", ".join(field.name for field in data_type) + "}"
    return {"float": "float32"}.get(str(data_type), str(data_type))


def field_rows() -> list[tuple[str, str, str]]:
    """(columns, type, meaning) of the schema; both sides of a response are one entry."""
    return [
        (
            field.name.replace(_A, "response_{a,b}_"),
            type_of(field.type, field.name),
            describe(field.name),
        )
        for field in PAIR_SCHEMA
        if not field.name.startswith(_B)
    ]


def columns_of(task: str | None) -> list[str]:
    """The columns that rows of a task can fill; all of them for None."""
    if task is None or task not in TASKS:
        return list(PAIR_SCHEMA.names)
    chosen = TASKS[task]
    slots = {slot for medium in chosen.prompt for slot in PROMPT_SLOTS[medium]}
    slots |= set(RESPONSE_SLOTS[chosen.response])
    if chosen.response == "video":
        slots.add("frames_fps")
    optional = set(MEDIA_FEATURES) | {"text", "frames_fps"}
    if not chosen.prompt:
        optional.add("prompt_info")
    if chosen.response == "text":
        optional.add("info")
    return [
        name
        for name in PAIR_SCHEMA.names
        if (inner := name.removeprefix(_A).removeprefix(_B)) in slots
        or inner not in optional
        or (inner == name and name not in MEDIA_FEATURES and name != "prompt_info")
    ]


#: Characters of a text in the example of a card.
_TEXT: Final = 240
_ITEMS: Final = 2


def example_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row to be shown: what is null or empty left out, texts shortened, lists cut."""
    return {name: _shown(value) for name, value in row.items() if not _empty(value)}


def _empty(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_empty, value.values()))
    return value is None or value == []


def _shown(value: Any) -> Any:
    from pipelines.cards.escaping import shortened

    if isinstance(value, str):
        return shortened(value, _TEXT)
    if isinstance(value, list):
        more = len(value) - _ITEMS
        return [*map(_shown, value[:_ITEMS]), *([f"… ({more:,} more)"] if more > 0 else [])]
    if isinstance(value, dict):
        return {name: _shown(inner) for name, inner in value.items() if not _empty(inner)}
    return round(value, 6) if isinstance(value, float) else value
