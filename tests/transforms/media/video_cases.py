"""Clips for tests, made by ffmpeg: small, each with one oddity."""

from __future__ import annotations

import io
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe
from PIL import Image

#: A clip of 2 seconds, 64 x 48, 10 frames a second, and a tone.
PICTURES = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=2")
TONE = ("-f", "lavfi", "-i", "sine=f=440:d=2:r=16000")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-threads", "1", "-pix_fmt", "yuv420p")
FAST = ("-movflags", "+faststart")


@cache
def made(*arguments: str, end: str = "mp4", before: bytes | None = None) -> bytes:
    """What ffmpeg makes of arguments; `before` is a file that they may name ``before``."""
    with tempfile.TemporaryDirectory() as folder:
        if before is not None:
            (Path(folder) / "before").write_bytes(before)
        command = [get_ffmpeg_exe(), "-v", "error", "-nostdin", "-bitexact", *arguments]
        subprocess.run([*command, f"after.{end}"], cwd=folder, check=True)
        return (Path(folder) / f"after.{end}").read_bytes()


def pictures(*arguments: str, end: str = "mp4", source: str = "testsrc2=s=64x48:r=10:d=2") -> bytes:
    """A clip without sound."""
    return made("-f", "lavfi", "-i", source, *arguments, end=end)


def rewrapped(data: bytes, *arguments: str, end: str = "mp4", first: tuple[str, ...] = ()) -> bytes:
    """A clip with its streams copied; `first` are options for reading it."""
    return made(*first, "-i", "before", "-c", "copy", *arguments, end=end, before=data)


def conforming() -> bytes:
    """A clip with sound that keeps its bytes."""
    return made(*PICTURES, *TONE, *X264, "-c:a", "aac", *FAST)


def silent() -> bytes:
    """A clip without sound that keeps its bytes."""
    return pictures(*X264, *FAST)


def turned(angle: int, *flags: str) -> bytes:
    return rewrapped(silent(), *FAST, first=("-display_rotation", str(angle), *flags))


def gif() -> bytes:
    """Three frames shown for 100, 300 and 200 ms; all but a square is transparent."""
    frames = []
    for step in range(3):
        frame = Image.new("RGBA", (33, 21), (0, 0, 0, 0))
        frame.paste((255, 0, 0, 255), (4 + 6 * step, 4, 14 + 6 * step, 14))
        frames.append(frame)
    file = io.BytesIO()
    frames[0].save(
        file, "GIF", save_all=True, append_images=frames[1:], duration=[100, 300, 200], disposal=2
    )
    return file.getvalue()


def variable_rate() -> bytes:
    """Frames 0, 1, 2, 3, 7, 8, 9 ... of ten a second: a gap of 0.4 s."""
    chosen = "select=not(between(n\\,4\\,6))"
    return pictures("-vf", chosen, "-fps_mode", "vfr", *X264, "-bf", "0", *FAST)


def with_cover() -> bytes:
    return made(
        *(
            "-i",
            "before",
            "-f",
            "lavfi",
            "-i",
            "color=red:s=16x16:d=1:r=1",
            "-map",
            "0",
            "-map",
            "1",
        ),
        *("-c", "copy", "-c:v:1", "mjpeg", "-disposition:v:1", "attached_pic"),
        *FAST,
        before=conforming(),
    )


def two_clips() -> bytes:
    """Two streams of pictures: the second is the larger, the first is the default."""
    return made(
        *PICTURES, "-f", "lavfi", "-i", "testsrc=s=128x96:r=10:d=2", *X264, "-map", "0", "-map", "1"
    )
