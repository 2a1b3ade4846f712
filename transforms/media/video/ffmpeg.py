"""Running the ffmpeg program of the `imageio-ffmpeg` wheel: bounded, alone, the same every time.

The program reads one local file in a format that it is told, and no other file or address: demuxers
that follow references are never named, and protocols are those of local files. Nothing of the
environment reaches it. Its processor time is limited by itself too, should its parent be killed.
"""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path
from typing import Any, Final

from transforms.media.errors import MediaError, PassingError, ended_from_outside
from transforms.media.settings import PATIENCE, VideoPolicy

#: Nothing about the encoder, the day or the source in the file.
_ANONYMOUS: Final = {
    "map_metadata": "-1",
    "map_chapters": "-1",
    "metadata:s": "encoder=",
    "fflags": "+bitexact",
    "movflags": "+faststart",
    "f": "mp4",
}

#: Seconds by which clocks of processor time may differ.
_SLACK: Final = 0.5

#: Characters of ffmpeg's complaint that are shown.
_SHOWN: Final = 300


def source_input(path: Path, demuxer: str, policy: VideoPolicy, decoder: str | None = None) -> Any:
    """A file as ffmpeg's input, in the format of a demuxer; `decoder` is that of its pictures."""
    import ffmpeg

    chosen = {} if decoder is None else {"c:v": decoder}

    return ffmpeg.input(
        path.name,
        f=demuxer,
        protocol_whitelist="file",
        format_whitelist=_full_name(demuxer),
        threads=policy.threads,
        noautorotate=None,
        flags="+bitexact",
        max_pixels=policy.max_pixels,
        **chosen,
    )


def mp4_output(streams: list[Any], path: Path, options: dict[str, Any]) -> Any:
    """An MP4 file as ffmpeg's output, its index first, without a word on where it comes from."""
    import ffmpeg

    return ffmpeg.output(*streams, path.name, **_ANONYMOUS, **options)


def command_of(output: Any, policy: VideoPolicy, *before: str) -> list[str]:
    """The command line for an output; `before` are options for the program as a whole."""
    from imageio_ffmpeg import get_ffmpeg_exe

    limit = str(_processor_seconds(policy))
    settings = ("-nostdin", "-hide_banner", "-loglevel", "error", "-timelimit", limit, "-y")
    line: list[str] = output.global_args(*settings, *before).compile(cmd=get_ffmpeg_exe())
    # ffmpeg-python puts global arguments last; the program wants some of them first.
    count = len(settings) + len(before)
    return [line[0], *line[-count:], *line[1:-count]]


def run(command: list[str], folder: Path, policy: VideoPolicy) -> None:
    """Run a command in a folder.

    Raises:
        PassingError: `video_too_slow` where it did not get its processor time, and `video_crashed`
            where it was ended from outside.
        MediaError: `video_too_slow` beyond `max_encode_seconds` of processor time for each thread,
            `video_undecodable` with its complaint where it fails.
    """
    before = _children_seconds()
    try:
        done = subprocess.run(  # noqa: S603 (a fixed program, arguments without a shell)
            command,
            cwd=folder,
            env={},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=PATIENCE * policy.max_encode_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise too_slow(policy) from None
    if done.returncode and _children_seconds() - before >= _processor_seconds(policy) - _SLACK:
        raise MediaError(*_too_slow(policy))
    if done.returncode:
        raise failure(done.returncode, done.stderr)


def too_slow(policy: VideoPolicy) -> PassingError:
    """The refusal of a clip whose encoding takes too long by the clock on the wall."""
    return PassingError(*_too_slow(policy))


def _too_slow(policy: VideoPolicy) -> tuple[str, str]:
    limit = policy.max_encode_seconds
    return "video_too_slow", f"encoding takes more than {limit:g} seconds"


def _processor_seconds(policy: VideoPolicy) -> int:
    """Seconds of processor time after which the program ends itself."""
    return int(policy.max_encode_seconds * policy.threads) + 1


def _children_seconds() -> float:
    """Seconds of processor time that programs took which this process waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def failure(code: int, complaint: bytes) -> MediaError:
    """The refusal of a clip that ffmpeg could not turn into the normal form."""
    if ended_from_outside(code):
        return PassingError("video_crashed", f"ffmpeg was ended from outside (signal {-code})")
    lines = [line.strip() for line in complaint.decode("utf-8", "replace").splitlines()]
    said = next(filter(None, lines), f"it ended with {code} and no word")
    return MediaError("video_undecodable", f"ffmpeg: {said[:_SHOWN]}")


def _full_name(demuxer: str) -> str:
    """The name that a demuxer is checked by: some read several formats and are named for all."""
    return {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "matroska": "matroska,webm"}.get(demuxer, demuxer)
