"""Settings of media: what is accepted, and the limits against bombs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ImagePolicy:
    """Limits for one picture; beyond them it is a dead letter, never a crash."""

    formats: tuple[str, ...] = ("jpeg", "png", "webp", "gif", "bmp", "tiff", "avif")
    max_pixels: int = 50_000_000
    max_bytes: int = 50_000_000


@dataclass(frozen=True)
class VideoPolicy:
    """Limits for one clip; beyond them it is a dead letter, never a crash."""

    formats: tuple[str, ...] = ("mp4", "webm", "avi", "gif")
    max_bytes: int = 500_000_000
    #: Pixels of one frame.
    max_pixels: int = 9_000_000
    max_seconds: float = 600.0
    max_frames: int = 20_000


@dataclass(frozen=True)
class MediaPolicy:
    """The media policy of a recipe. `version` names the product; ids never depend on it."""

    version: str = "as-found-1"
    image: ImagePolicy = ImagePolicy()
    video: VideoPolicy = VideoPolicy()
    #: Threads that decode and store media inside one worker.
    threads: int = 4
