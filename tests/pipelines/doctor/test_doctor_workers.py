"""Workers of other machines: how they come by the package, and whose variables they read."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.doctor.workers import are_elsewhere, check_package, check_variables

SETUP = Path("/checkout/setup.py")


@pytest.mark.parametrize(
    ("runner", "output", "expected"),
    [
        ("dataflow", "out", True),
        ("flink", "out", False),
        ("flink", "gs://bucket/out", True),
        ("local", "gs://bucket/out", False),
    ],
)
def test_where_workers_are(runner: str, output: str, expected: bool) -> None:
    assert are_elsewhere(runner, output) is expected


def test_the_package() -> None:
    found = check_package("dataflow", (), SETUP)
    assert (found.state, found.detail) == ("ok", f"by --setup_file={SETUP}, of this checkout")
    given = check_package("dataflow", ("--sdk_container_image=x",), None)
    assert (given.state, given.detail) == ("ok", "by --sdk_container_image")
    lacking = check_package("dataflow", ("--project=p",), None)
    assert lacking.state == "fail"
    assert lacking.remedy is not None
    assert "--beam=--extra_package=FILE.whl" in lacking.remedy
    own = check_package("flink", ("--environment_type=LOOPBACK",), None)
    assert own.state == "info"


def test_variables() -> None:
    found = check_variables(["HF_TOKEN", "JUDGE_KEY", "JUDGE_KEY"])
    assert found.state == "warn"
    assert found.detail == "read on workers, not here: HF_TOKEN, JUDGE_KEY"
    assert check_variables([]).state == "ok"
