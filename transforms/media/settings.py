"""Settings of media: the forms that are published, and the limits against bombs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ImagePolicy:
    """Pictures. What is beyond a limit is a dead letter, never a crash."""

    #: Formats that are read. Those of `keep` may be published as they are; others become PNG.
    formats: tuple[str, ...] = ("jpeg", "png", "webp", "gif", "bmp", "tiff", "avif")
    keep: tuple[str, ...] = ("jpeg", "png", "webp")
    max_pixels: int = 50_000_000
    max_bytes: int = 50_000_000
    #: Transparent pictures: composited on `background`, or kept with their alpha.
    alpha: Literal["flatten", "keep"] = "flatten"
    background: str = "#ffffff"
    #: Pictures that move, or have several pages: the first one, or a dead letter.
    animated: Literal["first", "reject"] = "first"
    #: Longest side in pixels; a larger picture is scaled down. null keeps every size.
    max_side: int | None = None
    jpeg_quality: int = 95


@dataclass(frozen=True)
class VideoPolicy:
    """Clips. What is beyond a limit is a dead letter, never a crash."""

    #: Containers that are read; those of `keep` may be published as they are.
    formats: tuple[str, ...] = ("mp4", "webm", "mkv", "avi", "gif", "ts", "flv", "mpg", "ogg")
    keep: tuple[str, ...] = ("mp4",)
    keep_codecs: tuple[str, ...] = ("h264",)
    max_bytes: int = 500_000_000
    #: Pixels of one frame.
    max_pixels: int = 9_000_000
    max_seconds: float = 600.0
    max_frames: int = 20_000
    #: Sound of a clip: kept as it is or made AAC, or left out.
    audio: Literal["keep", "drop"] = "keep"
    #: Longest side in pixels; a larger clip is scaled down. null keeps every size.
    max_side: int | None = None
    #: Constant rate factor and preset of x264, and its threads: its bytes depend on them.
    crf: int = 18
    preset: str = "medium"
    threads: int = 2
    #: Clips that exist as frames: published as the list of frames, or made into a clip.
    frames: Literal["list", "clip"] = "list"


@dataclass(frozen=True)
class AudioPolicy:
    """Sounds. What is beyond a limit is a dead letter, never a crash."""

    formats: tuple[str, ...] = ("wav", "flac", "mp3", "ogg", "opus", "m4a", "aac", "aiff", "webm")
    #: Containers that may be published as they are; others become FLAC.
    keep: tuple[str, ...] = ("wav", "flac", "mp3", "ogg")
    max_bytes: int = 200_000_000
    max_seconds: float = 600.0
    max_channels: int = 8
    #: Samples a second; another rate is resampled. null keeps every rate.
    rate: int | None = None
    rates: tuple[int, ...] = (8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000)
    #: Channels: as they are up to two (more are mixed down to two), or always one.
    channels: Literal["keep", "mono"] = "keep"
    #: A sound that is silent from end to end: kept with that fact, or a dead letter.
    silent: Literal["keep", "reject"] = "reject"


@dataclass(frozen=True)
class MeshPolicy:
    """3D models. What is beyond a limit is a dead letter, never a crash."""

    formats: tuple[str, ...] = ("glb", "gltf", "obj", "ply", "stl", "off")
    keep: tuple[str, ...] = ("glb",)
    max_bytes: int = 200_000_000
    max_vertices: int = 5_000_000
    max_faces: int = 5_000_000
    #: Several meshes of a scene: kept as a scene, or made one mesh.
    scene: Literal["keep", "flatten"] = "keep"
    #: Points without faces: kept, or a dead letter.
    points: Literal["keep", "reject"] = "keep"


@dataclass(frozen=True)
class MediaPolicy:
    """The media policy of a recipe. `version` names the product; ids never depend on it."""

    version: str = "normal-1"
    image: ImagePolicy = ImagePolicy()
    video: VideoPolicy = VideoPolicy()
    audio: AudioPolicy = AudioPolicy()
    mesh: MeshPolicy = MeshPolicy()
    #: Processes that decode inside one worker, and the seconds that one medium may take.
    threads: int = 4
    max_decode_seconds: float = 60.0
    #: Megabytes of memory that one decoding process may take.
    max_decode_memory_mb: int = 4000
