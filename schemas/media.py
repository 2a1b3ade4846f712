"""What a medium is: how it is stored in a published row, and how a row in flight refers to it.

In flight a row holds references only (container, member, digest, facts); the bytes lie in the
content-addressed store and meet the row again in the shard writer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from schemas.tasks import Modality

#: Hugging Face stores Image, Video, Audio and Mesh alike: the file's bytes and a name for it.
MEDIUM_STRUCT: Final = pa.struct([("bytes", pa.binary()), ("path", pa.string())])

#: Facts about one medium as it is published. All nullable: each modality fills its own. Units are
#: in the names.
INFO_STRUCT: Final = pa.struct(
    [
        ("digest", pa.string()),  # sha256 of the source bytes, hex
        ("format", pa.string()),  # container or codec as decoded: jpeg, png, mp4, flac, glb ...
        ("bytes", pa.int64()),  # size of the file
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("duration_s", pa.float32()),
        ("rate_hz", pa.float32()),  # frames or samples a second
        ("frames", pa.int64()),  # frames of a clip or picture, samples of a sound
        ("channels", pa.int32()),
        ("vertices", pa.int64()),
        ("faces", pa.int64()),
        ("phash", pa.string()),  # perceptual hash, hex
        ("product", pa.string()),  # sha256 of the published bytes where they are not the source's
        ("changes", pa.string()),  # what was done to it then: "orientation,colour"
        ("loudness_lufs", pa.float32()),  # integrated, ITU-R BS.1770
        ("peak_dbfs", pa.float32()),
    ]
)

#: A reference in flight. `slot` names the column of the published row that the medium fills
#: (without the side): image, frames, video, audio, mesh, views, prompt_images ...
REF_STRUCT: Final = pa.struct(
    [
        ("slot", pa.string()),
        ("container", pa.string()),  # file of the corpus: archive, parquet file, or folder
        ("member", pa.string()),  # path inside the container, or the parquet cell
        ("info", INFO_STRUCT),
    ]
)

#: Modality of every slot.
SLOT_MODALITY: Final[dict[str, Modality]] = {
    "image": "image",
    "frames": "image",
    "views": "image",
    "video": "video",
    "audio": "audio",
    "mesh": "mesh",
    "prompt_images": "image",
    "prompt_frames": "image",
    "prompt_videos": "video",
    "prompt_audios": "audio",
    "prompt_meshes": "mesh",
}


@dataclass(frozen=True, order=True)
class MediaRef:
    """Where one medium of a pair is found: `member` of `container`, for `slot` of the row."""

    slot: str
    container: str
    member: str

    def __post_init__(self) -> None:
        if self.slot not in SLOT_MODALITY:
            raise ValueError(f"unknown media slot {self.slot!r}: one of {sorted(SLOT_MODALITY)}")

    def as_row(self) -> dict[str, object]:
        """The reference as a value of `REF_STRUCT`, not located yet (no info)."""
        return {
            "slot": self.slot,
            "container": self.container,
            "member": self.member,
            "info": None,
        }
