"""What a person sees: one line a corpus, the differences at either width, a summary."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pytest
from checked_mirror import Mirror
from rich.console import Console

from pipelines.source_check.finding import CorpusReport, Difference, Looked, Severity
from pipelines.source_check.view import exit_code, report_view


def shown(reports: list[CorpusReport], width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(report_view(reports))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines())


def report(*severities: Severity) -> CorpusReport:
    said = tuple(
        Difference("mine", "files", one, "train.json", "[bold]data[/bold]/x.json", "files: [x]")
        for one in severities
    )
    looked = Looked(files=2, size=2_000, bytes_read=1_500, rows=7, records=5, pairs=4)
    return CorpusReport("mine", said, looked)


def test_the_exit_code() -> None:
    assert exit_code([]) == 0
    assert exit_code([report(), report("note", "warning")]) == 0
    assert exit_code([report(), report("note", "error")]) == 4


def test_a_good_corpus_is_one_line(good: Mapping[str, Mirror]) -> None:
    assert shown([good["skywork"].check()], 120) == (
        "skywork: as expected: 60 rows, 1 file (78.4 kB), 50 read, 50 pairs\n"
        "\n"
        "1 corpus checked, 1 as expected; 135.5 kB read."
    )


def test_differences_are_blocks_in_a_narrow_terminal() -> None:
    assert shown([report("note", "error"), report()], 80) == (
        "mine: 1 error: 7 rows, 2 files (2.0 kB), 5 read, 4 pairs\n"
        "mine: as expected: 7 rows, 2 files (2.0 kB), 5 read, 4 pairs\n"
        "\n"
        "Differences\n"
        "\n"
        "mine, files: error\n"
        " expected train.json\n"
        " found    [bold]data[/bold]/x.json\n"
        " change   files: [x]\n"
        "\n"
        "mine, files: note\n"
        " expected train.json\n"
        " found    [bold]data[/bold]/x.json\n"
        " change   files: [x]\n"
        "\n"
        "2 corpora checked, 1 as expected; 1 error, 1 note; 3.0 kB read of 4.0 kB."
    )


def test_and_a_table_in_a_wide_one() -> None:
    text = shown([report("error")], 120)
    header = next(line for line in text.splitlines() if "corpus" in line)
    assert header.split() == ["corpus", "what", "expected", "found", "change"]
    assert "[bold]data[/bold]/x.json" in text
    assert "files: [x]" in text


@pytest.mark.parametrize("width", [20, 40, 80, 100, 120, 200])
def test_nothing_is_wider_than_the_terminal(width: int) -> None:
    long = Difference("c" * 60, "files", "error", "e" * 400, "f" * 400, "x" * 900 + "\n" + "y" * 9)
    text = shown([CorpusReport("c" * 60, (long,), Looked(files=1))], width)
    assert max(map(len, text.splitlines())) <= width
    folded = "".join(text.split())
    if width < 100:
        assert "f" * 400 in folded  # nothing is cut off
