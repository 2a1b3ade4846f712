"""Fingerprints: hashes only, read back as they were written, refused where they can't compare."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from benchmark_rows import ORIGIN, SETTINGS, fingerprint, medium_part, text_part

from transforms.beamkit.errors import BuildError
from transforms.dedup.benchmarks.fingerprint import (
    METADATA_KEY,
    file_of,
    read_fingerprint,
    write_fingerprint,
)
from transforms.dedup.benchmarks.index import load_index
from transforms.dedup.benchmarks.known import (
    known_fingerprints,
    missing,
    missing_message,
    stage_fingerprints,
    used,
)
from transforms.dedup.settings_benchmarks import DecontaminationSettings, TextPrintSettings

PARTS = [
    text_part(0, "prompt", "Which harbour did the grey whale visit in the spring of that year?"),
    text_part(0, "response", "The old one, says the keeper of the lighthouse, and she would know."),
    medium_part(0, "prompt_medium", b"picture", ["0123456789abcdef"]),
    text_part(1, "prompt", "Which harbour did the grey whale visit in the spring of that year?"),
]


def test_it_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    made = fingerprint(PARTS)
    path, digest = write_fingerprint(str(tmp_path), made.table)
    assert path == str(tmp_path / "bench.fingerprint.parquet")
    found = read_fingerprint(path, SETTINGS.print)
    assert found.digest == digest
    assert found.table.equals(made.table)
    assert found.metadata["items"] == 2
    assert found.metadata["fields"] == {"prompt": 2, "prompt_medium": 1, "response": 1}
    assert found.metadata["licence"] == "mit"
    again, same = write_fingerprint(str(tmp_path), fingerprint(PARTS).table)
    assert (again, same) == (path, digest)


def test_it_has_no_text(tmp_path: Path) -> None:
    path, _ = write_fingerprint(str(tmp_path), fingerprint(PARTS).table)
    stored = Path(path).read_bytes()
    shown = str(pq.read_table(path).to_pylist()) + str(pq.read_schema(path).metadata)
    for word in ("harbour", "whale", "lighthouse"):
        assert word.encode() not in stored
        assert word not in shown


def test_ngrams_are_kept_once_for_a_text_that_comes_again() -> None:
    rows = fingerprint(PARTS).table.to_pylist()
    first, again = rows[0], rows[3]
    assert first["exact"] == again["exact"]
    assert first["tokens"] == 13
    assert len(first["ngrams"]) == 11
    assert again["ngrams"] is None
    assert first["ngrams"] == sorted(set(first["ngrams"]))


def test_other_parameters_are_refused_by_name(tmp_path: Path) -> None:
    path, _ = write_fingerprint(str(tmp_path), fingerprint(PARTS).table)
    with pytest.raises(BuildError, match=r"ngram 8 \(wanted 5\).*omnireward benchmark add bench"):
        read_fingerprint(path, TextPrintSettings(ngram=5))
    settings = replace(SETTINGS, print=TextPrintSettings(short_tokens=20))
    with pytest.raises(BuildError, match=r"short_tokens 48 \(wanted 20\)"):
        load_index(known_fingerprints(settings, str(tmp_path)), settings)


def test_another_version_of_an_algorithm_is_refused(tmp_path: Path) -> None:
    table = fingerprint(PARTS).table
    text = table.schema.metadata[METADATA_KEY].replace(b'"shingles": 1', b'"shingles": 0')
    path, _ = write_fingerprint(str(tmp_path), table.replace_schema_metadata({METADATA_KEY: text}))
    with pytest.raises(BuildError, match=r"shingles 0 \(wanted 1\)"):
        read_fingerprint(path, SETTINGS.print)


def test_what_is_no_fingerprint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.fingerprint.parquet"
    with pytest.raises(BuildError, match="no such fingerprint"):
        read_fingerprint(str(path))
    path.write_bytes(b"PAR1 nothing")
    with pytest.raises(BuildError, match="not a fingerprint"):
        read_fingerprint(str(path))
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(BuildError, match="omnireward benchmark add"):
        read_fingerprint(str(path))


def test_a_renamed_fingerprint_is_refused(tmp_path: Path) -> None:
    path, _ = write_fingerprint(str(tmp_path), fingerprint(PARTS).table)
    Path(path).rename(file_of(str(tmp_path), "other"))
    settings = DecontaminationSettings(benchmarks=("other",))
    with pytest.raises(BuildError, match="fingerprint of 'bench'"):
        load_index(known_fingerprints(settings, str(tmp_path)), settings)


def test_one_that_counts_and_is_gone_or_another_is_an_error(tmp_path: Path) -> None:
    path, _ = write_fingerprint(str(tmp_path), fingerprint(PARTS).table)
    known = known_fingerprints(SETTINGS, str(tmp_path))
    assert [one.name for one in known] == ["bench"]
    assert list(load_index(known, SETTINGS).names) == ["bench"]
    write_fingerprint(str(tmp_path), fingerprint(PARTS[:2]).table)
    with pytest.raises(BuildError, match="not the fingerprint of bench that the build began with"):
        load_index(known, SETTINGS)
    with pytest.raises(BuildError, match="changed or removed since the build began"):
        stage_fingerprints(known, str(tmp_path / "staged"))
    Path(path).unlink()
    with pytest.raises(BuildError, match=r"bench\.fingerprint\.parquet: .* was there"):
        load_index(known, SETTINGS)
    with pytest.raises(BuildError, match="changed or removed since the build began"):
        stage_fingerprints(known, str(tmp_path / "staged"))
    assert known_fingerprints(SETTINGS, str(tmp_path)) == ()


def test_staged_ones_are_called_by_their_digests(tmp_path: Path) -> None:
    path, digest = write_fingerprint(str(tmp_path), fingerprint(PARTS).table)
    known = known_fingerprints(SETTINGS, str(tmp_path))
    (staged,) = stage_fingerprints(known, str(tmp_path / "staged"))
    assert staged.path == str(tmp_path / "staged" / f"{digest}.fingerprint.parquet")
    assert Path(staged.path).read_bytes() == Path(path).read_bytes()
    Path(path).unlink()
    assert stage_fingerprints(known, str(tmp_path / "staged")) == (staged,)
    assert list(load_index([staged], SETTINGS).names) == ["bench"]
    away = replace(staged, path="gs://bucket/bench.fingerprint.parquet")
    assert stage_fingerprints([away], str(tmp_path / "staged")) == (away,)


def test_missing_ones_are_named_unless_waived(tmp_path: Path) -> None:
    _, digest = write_fingerprint(str(tmp_path), fingerprint(PARTS).table)
    settings = DecontaminationSettings(
        benchmarks=("bench", "waived", "gone"), waived={"waived": "its files are not public"}
    )
    known = known_fingerprints(settings, str(tmp_path))
    assert missing(settings, known) == ["gone"]
    message = missing_message(["gone"], str(tmp_path))
    assert "omnireward benchmark add gone" in message
    assert "waived" in message
    record = used(settings, known)
    assert record["fingerprints"]["bench"]["digest"] == digest
    assert record["fingerprints"]["bench"]["revision"] == ORIGIN.revision
    assert record["waived"] == {"waived": "its files are not public"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"benchmarks": ("Bench",)}, "small letters"),
        ({"benchmarks": ("../x",)}, "small letters"),
        ({"benchmarks": ("x", "x")}, "twice"),
        ({"waived": {"x": "why"}}, "not among the benchmarks"),
        ({"benchmarks": ("x",), "waived": {"x": " "}}, "needs a reason"),
        ({"overlap": 0.0}, "overlap"),
        ({"min_share": 2.0}, "min_share"),
        ({"min_prompt_tokens": 0}, "min_prompt_tokens"),
    ],
)
def test_settings_say_what_to_write(given: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DecontaminationSettings(**given)  # type: ignore[arg-type]
