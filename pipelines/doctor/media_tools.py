"""The tools that decode media: really run, each in a process of its own.

A native library that is broken takes down its process, so not the doctor.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import Final

from pipelines.doctor.commands import pip_reinstall
from pipelines.doctor.finding import Finding

_SECONDS: Final = 15.0
_VERSION: Final = re.compile(r"ffmpeg version (\S+)")

#: Library, what it is for, and what to print once it is loaded.
_NATIVE: Final = {
    "av": ("clips", "av.__version__"),
    "soundfile": ("sound", "soundfile.__version__, 'libsndfile', soundfile.__libsndfile_version__"),
}


def check_ffmpeg(seconds: float = _SECONDS) -> Finding:
    """Runs `ffmpeg -version` of the wheel imageio-ffmpeg, or of what IMAGEIO_FFMPEG_EXE names."""
    named = os.environ.get("IMAGEIO_FFMPEG_EXE")
    origin = "IMAGEIO_FFMPEG_EXE" if named else "imageio-ffmpeg"
    remedy = "unset IMAGEIO_FFMPEG_EXE" if named else pip_reinstall("imageio-ffmpeg")

    def failure(detail: str) -> Finding:
        return Finding("media", "ffmpeg", "fail", detail, remedy)

    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        program = get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        return failure(f"{origin} gives no ffmpeg for this machine")
    try:
        done = subprocess.run(  # noqa: S603 - the program is ours, or named by the user
            [program, "-hide_banner", "-version"],
            capture_output=True, text=True, timeout=seconds, check=False, errors="replace",
        )  # fmt: skip
    except OSError as error:
        return failure(f"from {origin}, does not start: {error.strerror}")
    except subprocess.TimeoutExpired:
        return failure(f"from {origin}, says nothing within {seconds:g} s")
    found = _VERSION.search(done.stdout)
    if done.returncode or not found:
        return failure(f"from {origin}, {_ended(done.returncode)}")
    return Finding("media", "ffmpeg", "ok", f"{found.group(1)}, from {origin}")


def check_native(library: str, seconds: float = _SECONDS) -> Finding:
    """Imports `av` or `soundfile`, whose native parts may not fit this machine."""
    use, shown = _NATIVE[library]
    remedy = pip_reinstall(library)
    try:
        done = subprocess.run(  # noqa: S603 - no part of it comes from outside
            [sys.executable, "-c", f"import {library}; print({shown})"],
            capture_output=True, text=True, timeout=seconds, check=False, errors="replace",
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        detail = f"for {use}, does not load within {seconds:g} s"
        return Finding("media", library, "fail", detail, remedy)
    if done.returncode:
        why = _last_error(done.stderr) or _ended(done.returncode)
        return Finding("media", library, "fail", f"for {use}, does not load: {why}", remedy)
    return Finding("media", library, "ok", done.stdout.strip())


def _ended(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"ends with code {code} and no version"
    try:
        return f"is killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"is killed by signal {-code}"


def _last_error(stderr: str) -> str:
    lines = stderr.strip().splitlines()
    return lines[-1].split(": ", 1)[-1] if lines and "Error" in lines[-1] else ""
