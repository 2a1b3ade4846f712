"""Errors of filesystems become one line that says what, where, and what to do."""

from __future__ import annotations

import errno
import os

import apache_beam as beam
import pytest
from apache_beam.io.filesystem import BeamIOError

from transforms.beamkit.os_errors import find_os_error


def full(path: str | None) -> OSError:
    text = os.strerror(errno.ENOSPC)
    return OSError(errno.ENOSPC, text, path) if path else OSError(errno.ENOSPC, text)


def test_as_it_is_raised_and_behind_others() -> None:
    expected = "/out/x: No space left on device; make room there"
    said = find_os_error(full("/out/x"), "/out")
    assert said is not None
    assert said.startswith(expected)
    outer = RuntimeError("a bundle failed")
    outer.__cause__ = full("/out/x")
    assert find_os_error(outer) == said


def test_without_a_path_the_place_is_named() -> None:
    said = find_os_error(full(None), "/out")
    assert said is not None
    assert said.startswith("/out: No space left on device; ")
    alone = find_os_error(full(None))
    assert alone is not None
    assert alone.startswith("No space left on device; ")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        FileNotFoundError(errno.ENOENT, "No such file or directory", "x"),
        PermissionError(errno.EPERM, "Operation not permitted"),
        ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
        RuntimeError("[Errno 28] is no line of a traceback"),
    ],
)
def test_what_is_no_error_of_a_disk_is_left_alone(error: Exception) -> None:
    assert find_os_error(error) is None


def test_in_the_text_of_a_traceback() -> None:
    text = (
        "Traceback (most recent call last):\n  File x, line 1, in y\n"
        "PermissionError: [Errno 13] Permission denied: '/out/a b' [while running 'Write']\n\n"
        "During handling of the above exception, another exception occurred:\n"
    )
    said = find_os_error(RuntimeError(text))
    assert said is not None
    assert said.startswith("/out/a b: Permission denied; name a place that you may write to")


def test_out_of_a_runner() -> None:
    def write(_: int) -> None:
        raise full("/out/part")

    pipeline = beam.Pipeline(runner="FnApiRunner")
    _ = pipeline | beam.Create([1]) | beam.Map(write)
    with pytest.raises(Exception, match="No space left") as caught:
        pipeline.run().wait_until_finish()
    said = find_os_error(caught.value)
    assert said is not None
    assert said.startswith("/out/part: No space left on device; ")


def test_a_filesystem_elsewhere_that_fails() -> None:
    error = BeamIOError("Exists operation failed", {"far://bucket/x": KeyError("credentials")})
    said = find_os_error(error, "far://bucket")
    assert said is not None
    assert said.startswith("far://bucket: Exists operation failed with exceptions")
    assert "\n" not in said
