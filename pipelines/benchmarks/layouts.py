"""Where the items of benchmarks stand: known layouts as data, by benchmark and config.

A `Roles` says which columns are what. Columns that a file lacks are passed over, so one entry can
serve several releases. What the live Hub was not seen to confirm says so in `note`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_SEEN_CARD: Final = "layout not confirmed against the live Hub: from copies of its card"
_SEEN_CODE: Final = "layout not confirmed against the live Hub: from public code that reads it"


@dataclass(frozen=True)
class Roles:
    """Which columns of a record are what.

    Each entry of a media role is a list of columns of which the first that holds something counts:
    a cell, or else a path. Columns are named as in `transforms.sources.mapped`: by name, by a path
    of names and positions (``meta.question``), or by a template.
    """

    prompt: tuple[str, ...] = ()
    responses: tuple[str, ...] = ()
    prompt_media: tuple[tuple[str, ...], ...] = ()
    response_media: tuple[tuple[str, ...], ...] = ()

    @property
    def columns(self) -> list[str]:
        """All columns that are named, in order."""
        media = [name for names in self.prompt_media + self.response_media for name in names]
        return list(dict.fromkeys([*self.prompt, *self.responses, *media]))


@dataclass(frozen=True)
class Part:
    """One config of a benchmark: its files, as patterns, and the roles of its columns."""

    config: str
    files: tuple[str, ...]
    roles: Roles


@dataclass(frozen=True)
class KnownBenchmark:
    """A benchmark whose layout is known. `repo` is empty for one that isn't on the Hub."""

    repo: str
    licence: str
    parts: tuple[Part, ...]
    #: Folder or archive below the root that paths of media are relative to.
    media_root: str = ""
    note: str = ""


_TWO: Final = ("response1", "response2")
_TWO_MEDIA: Final = (("response1", "response1_path"), ("response2", "response2_path"))


def _omni(config: str, roles: Roles) -> Part:
    return Part(config, (f"{config}/*.parquet", f"data/{config}/*.parquet"), roles)


def _omni_text(config: str, *media: str) -> Part:
    return _omni(config, Roles(("prompt",), _TWO, (media,) if media else ()))


def _omni_media(config: str, *prompt_media: tuple[str, ...]) -> Part:
    return _omni(config, Roles(("prompt",), (), prompt_media, _TWO_MEDIA))


KNOWN: Final[dict[str, KnownBenchmark]] = {
    "omni-rewardbench": KnownBenchmark(
        "HongbangYuan/OmniRewardBench",
        "cc-by-nc-4.0",
        (
            _omni_text("text_to_text"),
            _omni_text("text_image_to_text", "image", "image_path"),
            _omni_text("text_video_to_text", "video", "video_path"),
            _omni_text("text_audio_to_text", "audio", "audio_path"),
            _omni_media("text_to_image"),
            _omni_media("text_to_video"),
            _omni_media("text_to_audio"),
            _omni_media("text_to_3D"),
            _omni_media("text_image_to_image", ("image", "image_path")),
        ),
        "media_data.zip",
        "configs, columns and media_data.zip are those of its card; the names of its Parquet files "
        "are not confirmed against the live Hub",
    ),
    "vl-rewardbench": KnownBenchmark(
        "MMInstruction/VL-RewardBench",
        "mit",
        (Part("", ("data/test-*.parquet",), Roles(("query",), ("response",), (("image",),))),),
        note=_SEEN_CARD,
    ),
    "multimodal-rewardbench": KnownBenchmark(
        "",
        "cc-by-nc-4.0",
        (
            Part(
                "",
                ("**/all_data.json",),
                Roles(("Text",), ("Output1", "Output2"), (("Image",),)),
            ),
        ),
        note="published outside the Hub: fetch its data folder, with the pictures that its "
        "authors' script fetches; " + _SEEN_CODE,
    ),
    "rewardbench": KnownBenchmark(
        "allenai/reward-bench",
        "odc-by",
        (Part("", ("data/filtered-*.parquet",), Roles(("prompt",), ("chosen", "rejected"))),),
        note=_SEEN_CARD,
    ),
    "rewardbench-2": KnownBenchmark(
        "allenai/reward-bench-2",
        "odc-by",
        (Part("", ("data/test-*.parquet",), Roles(("prompt",), ("chosen", "rejected"))),),
        note=_SEEN_CODE,
    ),
    "genai-bench": KnownBenchmark(
        "TIGER-Lab/GenAI-Bench",
        "cc-by-4.0",
        (
            Part(
                "image_generation",
                ("image_generation/test*.parquet",),
                Roles(("prompt",), (), (), (("left_image",), ("right_image",))),
            ),
            Part(
                "image_edition",
                ("image_edition/test*.parquet",),
                Roles(
                    ("instruct_prompt",),
                    (),
                    (("source_image",),),
                    (("left_output_image",), ("right_output_image",)),
                ),
            ),
            Part(
                "video_generation",
                ("video_generation/test*.parquet",),
                Roles(("prompt",), (), (), (("left_video",), ("right_video",))),
            ),
        ),
        note=_SEEN_CODE,
    ),
}
