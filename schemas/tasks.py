"""The nine tasks and five modalities: what a prompt holds, what a response is.

Names follow Omni-RewardBench (arXiv 2510.23451, tables 7-9): ``ti2t`` reads "text and image to
text".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Modality = Literal["text", "image", "video", "audio", "mesh"]
TaskName = Literal["t2t", "ti2t", "tv2t", "ta2t", "t2i", "t2v", "t2a", "t23d", "ti2i"]
Kind = Literal["general", "instruction"]
Preference = Literal["a", "b", "tie"]
Annotator = Literal["human", "model", "metric", "measured"]
CriterionOrigin = Literal["llm", "published", "measured"]
Role = Literal["system", "user", "assistant"]

KINDS: Final = get_args(Kind)
PREFERENCES: Final = get_args(Preference)
ANNOTATORS: Final = get_args(Annotator)
CRITERION_ORIGINS: Final = get_args(CriterionOrigin)
ROLES: Final = get_args(Role)


@dataclass(frozen=True)
class Task:
    """One task: the media that its prompt carries beside text, and what a response is."""

    name: TaskName
    prompt: tuple[Modality, ...]
    response: Modality
    title: str


TASKS: Final[dict[str, Task]] = {
    task.name: task
    for task in (
        Task("t2t", (), "text", "text to text"),
        Task("ti2t", ("image",), "text", "text and image to text"),
        Task("tv2t", ("video",), "text", "text and video to text"),
        Task("ta2t", ("audio",), "text", "text and audio to text"),
        Task("t2i", (), "image", "text to image"),
        Task("t2v", (), "video", "text to video"),
        Task("t2a", (), "audio", "text to audio"),
        Task("t23d", (), "mesh", "text to 3D"),
        Task("ti2i", ("image",), "image", "text and image to image"),
    )
}

#: What a response slot may hold for each response modality. A clip may be frames without a video
#: file, a 3D response may be rendered views without a mesh.
RESPONSE_SLOTS: Final[dict[Modality, tuple[str, ...]]] = {
    "text": ("text",),
    "image": ("image",),
    "video": ("video", "frames"),
    "audio": ("audio",),
    "mesh": ("mesh", "views"),
}

#: What a prompt may hold for each modality that it carries (column names of the schema).
PROMPT_SLOTS: Final[dict[Modality, tuple[str, ...]]] = {
    "text": (),
    "image": ("prompt_images",),
    "video": ("prompt_videos", "prompt_frames"),
    "audio": ("prompt_audios",),
    "mesh": ("prompt_meshes",),
}
