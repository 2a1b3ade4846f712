"""The plumbing: coder, threads, manifests, counts, what bytes are, and errors a person can mend."""

from __future__ import annotations

from pathlib import Path

import apache_beam as beam
import pyarrow as pa
import pytest
from apache_beam.testing.util import assert_that, equal_to

from transforms.beamkit.coder import ArrowTableCoder
from transforms.beamkit.counts import unbalanced
from transforms.beamkit.errors import BuildError, find_build_error
from transforms.beamkit.manifest import Manifest, Part, finished, read_manifest
from transforms.beamkit.sniff import sniff
from transforms.beamkit.threads import ThreadedDoFn


def test_a_slice_carries_its_own_rows_only() -> None:
    table = pa.table({"text": [f"row {n} " * 50 for n in range(5_000)]})
    encoded = ArrowTableCoder().encode(table.slice(10, 5))
    assert len(encoded) < 4_000
    assert ArrowTableCoder().decode(encoded).equals(table.slice(10, 5))


def test_a_table_is_sized_without_being_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(self: ArrowTableCoder, value: pa.Table) -> bytes:
        raise AssertionError("encoded only to be measured")

    monkeypatch.setattr(ArrowTableCoder, "encode", encode)
    table = pa.table({"text": ["x" * 1_000] * 5_000})
    size, _ = ArrowTableCoder().get_impl().get_estimated_size_and_observables(table.slice(0, 10))
    assert 10_000 <= size < 11_000


class _Doubled(ThreadedDoFn):
    def work(self, element: int, one: object, two: object) -> list[int]:
        if element < 0:
            raise BuildError("negative numbers can't be doubled")
        return [2 * element, 2 * element + 1]


def test_threads_give_every_result_once() -> None:
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        doubled = pipeline | beam.Create(range(50)) | beam.ParDo(_Doubled(3))
        assert_that(doubled, equal_to(list(range(100))))


def test_an_error_in_a_thread_ends_the_run_and_is_found_again() -> None:
    def run() -> None:
        with beam.Pipeline(runner="FnApiRunner") as pipeline:
            _ = pipeline | beam.Create([1, -1]) | beam.ParDo(_Doubled(2))

    with pytest.raises(Exception, match="negative") as error:
        run()
    assert find_build_error(error.value) == "negative numbers can't be doubled"


def test_build_errors_are_found_in_causes_and_in_the_text_of_tracebacks() -> None:
    text = "Traceback ...\ntransforms.beamkit.errors.BuildError: a.json: cut [while running 'X']\n"
    assert find_build_error(RuntimeError(text)) == "a.json: cut"
    outer = RuntimeError("outer")
    outer.__cause__ = BuildError("inner")
    assert find_build_error(outer) == "inner"
    assert find_build_error(ValueError("other")) is None


def test_a_unit_is_finished_for_its_inputs_only_and_with_all_its_files(tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_bytes(b"x")
    manifest = Manifest("S/write", "abc", (Part("shard", str(part), 1, 1, "d"),), {"trim": {}})
    path = tmp_path / "m.json"
    path.write_bytes(manifest.to_json())
    assert finished(str(path), "abc") == manifest
    assert finished(str(path), "abd") is None
    path.write_bytes(manifest.to_json()[:-20])
    assert read_manifest(str(path)) is None
    path.write_bytes(manifest.to_json())
    part.unlink()
    assert finished(str(path), "abc") is None


def test_counts_that_do_not_add_up_are_named() -> None:
    good = {"in": 10, "out": 6, "dead:x": 3, "dropped:y": 1, "note:z": 99}
    assert unbalanced({"media": good}) == []
    assert unbalanced({"media": {**good, "out": 5}}) == ["media: 10 in, 9 accounted for"]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git-lfs pointer"),
        (b"\xef\xbb\xbf \n<!DOCTYPE html>", "html page"),
        (b"<?xml version='1.0'?><Error/>", "xml"),
        (b"PAR1abc", "parquet"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"  [1]", "json list"),
        (b'\xef\xbb\xbf{"a": 1}', "json object"),
        (b"RIFF1234WEBPVP8 ", "webp"),
        (b"a" * 257 + b"ustar", "tar"),
        (b"hello", "text"),
        (b"a\0b", "binary"),
    ],
)
def test_what_bytes_are(head: bytes, expected: str) -> None:
    assert sniff(head) == expected
