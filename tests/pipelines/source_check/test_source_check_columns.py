"""Columns that are renamed, retyped or turned inside out, and records that an adapter refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from checked_mirror import Mirror, said

from pipelines.source_check.check import check_corpus
from pipelines.source_check.finding import Difference
from transforms.sources.settings import Corpus, PairRule

Copy = Callable[[str], Mirror]
Record = dict[str, Any]

SKYWORK = "data/train-00000-of-00001.parquet"
REGRESSION = "regression/train-00000-of-00001.parquet"
TOPICS = ("knowledge", "ins_follow", "creation", "chart", "diagram", "poster")


def renamed(old: str, new: str) -> Callable[[Record], Record]:
    return lambda row: {new if key == old else key: value for key, value in row.items()}


def each(change: Callable[[Record], Record]) -> Callable[[list[Record]], list[Record]]:
    return lambda rows: [change(row) for row in rows]


def test_a_column_of_parquet_that_was_renamed(mirror: Copy) -> None:
    there = mirror("skywork")
    there.as_parquet(SKYWORK, SKYWORK, each(renamed("chosen", "preferred")))
    assert there.only() == Difference(
        "skywork",
        "columns",
        "error",
        "'chosen' (list)",
        "'preferred' (list)",
        "pin `revision:` to a commit with the old ones, or teach skywork.py the name 'preferred'",
    )


def test_what_is_alike_in_several_files_is_said_once(mirror: Copy) -> None:
    there = mirror("omnialign_v")
    for topic in TOPICS:
        there.rewrite_lines(f"{topic}.jsonl", renamed("rejected", "negative"))
    assert there.only() == Difference(
        "omnialign_v",
        "columns",
        "error",
        "'rejected' (text)",
        "chart.jsonl and 5 more: 'negative' (text)",
        "pin `revision:` to a commit with the old ones, or teach omnialign_v.py the name "
        "'negative'",
    )


def test_files_that_are_sound_are_tried_though_one_is_not(mirror: Copy) -> None:
    there = mirror("omnialign_v")
    there.rewrite_lines("chart.jsonl", lambda row: {**row, "rejected": 5})
    report = there.check()
    assert said(report) == [("error", "'rejected' (text)", "chart.jsonl: 'rejected' is a number")]
    assert report.differences[0].what == "types"
    assert report.looked.pairs == 36
    assert report.looked.rows is None


def test_a_column_inside_turns_that_was_renamed(mirror: Copy) -> None:
    def change(row: Record) -> Record:
        turns = [{"role": turn["role"], "text": turn["content"]} for turn in row["rejected"]]
        return {**row, "rejected": turns}

    there = mirror("skywork")
    there.as_parquet(SKYWORK, SKYWORK, each(change))
    column, records = there.check().differences
    assert (column.what, column.expected, column.found) == (
        "columns",
        "'rejected.content'",
        "'rejected.text' (text)",
    )
    assert (records.what, records.severity) == ("records", "error")
    assert records.found.startswith(
        "50 of 50 records refused: missing_field: turn 0 of rejected has no content; seen in "
        f'{SKYWORK} group 0 row 0: {{"chosen": [{{'
    )


def test_what_is_lost_inside_completions(mirror: Copy) -> None:
    def change(row: Record) -> Record:
        return {**row, "completions": [{"response": "r", "model": "m"} for _ in range(4)]}

    there = mirror("ultrafeedback")
    there.rewrite_lines("flan.jsonl", change)
    column, records = there.check().differences
    assert column.expected == "'completions.annotations'"
    assert column.found.endswith("'completions' has only response, model")
    assert "too_few_responses" in records.found


def test_both_orientations_of_completions_are_fine(mirror: Copy) -> None:
    def change(row: Record) -> Record:
        keys = row["completions"][0]
        return {
            **row,
            "completions": {key: [one[key] for one in row["completions"]] for key in keys},
        }

    there = mirror("vlfeedback")
    before = there.check().looked.pairs
    there.rewrite_lines("vlfeedback_80k.jsonl", change)
    report = there.check()
    assert report.differences == ()
    assert report.looked.pairs == before


def test_an_object_of_lists_where_only_a_list_is_read(mirror: Copy) -> None:
    def change(row: Record) -> Record:
        turns = row["chosen"]
        return {**row, "chosen": {key: [turn[key] for turn in turns] for key in turns[0]}}

    there = mirror("skywork")
    there.as_parquet(SKYWORK, SKYWORK, each(change))
    assert there.only() == Difference(
        "skywork",
        "types",
        "error",
        "'chosen' (list)",
        "'chosen' is an object",
        "pin `revision:` to a commit with the old type, or teach it to skywork.py",
    )


def test_an_object_where_a_list_was_in_json(mirror: Copy) -> None:
    there = mirror("hpdv2")
    there.rewrite_list(
        "train.json", lambda row: {**row, "human_preference": {"a": row["human_preference"][0]}}
    )
    assert said(there.check()) == [
        ("error", "'human_preference' (list)", "'human_preference' is an object")
    ]


def test_numbers_where_text_was_inside(mirror: Copy) -> None:
    def change(row: Record) -> Record:
        return {**row, "completions": [{**one, "response": 7} for one in row["completions"]]}

    there = mirror("ultrafeedback")
    there.rewrite_lines("flan.jsonl", change)
    types, records = there.check().differences
    assert (types.what, types.expected, types.found) == (
        "types",
        "'completions.response' (text)",
        "flan.jsonl: 'completions.response' is a number",
    )
    assert "not_text: the response of completion 0 is int, expected text" in records.found


@pytest.mark.parametrize("indent", [None, 1])
def test_one_object_around_the_list(mirror: Copy, indent: int | None) -> None:
    there = mirror("hpdv2")
    records = json.loads(there.path("train.json").read_text())
    there.path("train.json").write_text(json.dumps({"info": {}, "data": records}, indent=indent))
    ((severity, _, found),) = said(there.check(), what="types")
    assert severity == "error"
    assert found in (
        "one object, whose 'data' is the list",
        "one object, of 'info': an object, 'data': a list",
    )


def test_one_object_of_named_records(mirror: Copy) -> None:
    there = mirror("hpdv2")
    records = json.loads(there.path("train.json").read_text())
    named = {f"{number:04d}": record for number, record in enumerate(records)}
    there.path("train.json").write_text(json.dumps(named))
    assert said(there.check()) == [
        ("error", "a list of records", f"one object, whose {len(records)} values are the records")
    ]


def test_columns_of_another_release_name_its_adapter(mirror: Copy) -> None:
    there = mirror("ultrafeedback")
    corpus = Corpus("skywork", "o/n", "mit", ("flan.jsonl",), "model")
    report = check_corpus("sky", corpus, str(there.folder), there.listing(), None)
    columns = [entry for entry in report.differences if entry.what == "columns"]
    assert {entry.change for entry in columns} == {
        "adapter: ultrafeedback # the columns are those of ultrafeedback"
    }


def test_a_mapped_corpus_is_mended_in_the_recipe(tmp_path: Path) -> None:
    rows = [{"query": f"q {n}", "a1": "x", "a2": "y", "vote": "12"[n % 2]} for n in range(9)]
    (tmp_path / "votes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options: dict[str, Any] = {
        "prompt": "question",
        "responses": ["a1", "a2"],
        "label": "vote",
        "values": {"first": ["1"], "second": ["2"]},
    }
    mine = Mirror(
        "votes",
        tmp_path,
        Corpus("mapped", "o/n", "mit", ("votes.jsonl",), "human", options=options),
    )
    assert mine.only() == Difference(
        "votes",
        "columns",
        "error",
        "'question' (text or list or struct)",
        "'query' (text)",
        "options: {prompt: query}",
    )
    mended = {**options, "prompt": "query"}
    report = mine.check(options=mended)
    assert report.differences == ()
    assert (report.looked.records, report.looked.pairs) == (9, 9)
    values = {"first": ["A"], "second": ["B"]}
    refused = mine.only(options={**mended, "values": values})
    assert refused.found.startswith("9 of 9 records refused: label_unknown")
    assert refused.change == "options: name the spelling in `values`"


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_tables_as_text(tmp_path: Path, mark: str) -> None:
    lines = [mark.join(("prompt", "chosen", "rejected"))]
    lines += [mark.join((f"q{n}", '"a, ""b""\nc"', "d")) for n in range(200)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    options = {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}
    corpus = Corpus("mapped", "o/n", "mit", ("t.csv",), "human", options=options)
    report = Mirror("t", tmp_path, corpus).check()
    assert report.differences == ()
    assert 25 <= report.looked.pairs <= 51


def test_a_new_spelling_of_answers_names_the_option(mirror: Copy) -> None:
    there = mirror("visionreward")
    there.as_parquet(REGRESSION, REGRESSION, each(lambda row: {**row, "standard_answer": "A"}))
    difference = there.only()
    assert difference.found.startswith(
        "36 of 36 records refused: label_unknown: standard_answer is 'A', known are video1,"
    )
    assert difference.change == "options: name the spelling in `answers`"


def test_a_rule_that_leaves_nothing_over(mirror: Copy) -> None:
    difference = mirror("vlfeedback").only(pairs=PairRule(min_margin=100.0))
    assert (difference.what, difference.severity) == ("records", "warning")
    assert difference.found == "none of 50 records: left out by rule (tie: 50)"


def test_groups_that_were_cut_are_no_error(mirror: Copy) -> None:
    there = mirror("evalmuse")
    numbers = iter(range(10_000))
    there.rewrite_list("train_list.json", lambda row: {**row, "prompt_id": str(next(numbers))})
    difference = there.only()
    assert difference.severity == "warning"
    assert difference.found == (
        "none of 300 records: left out by rule (meaningless_prompt: 2); too_few_responses: 298"
    )
    assert difference.change.endswith("groups may be cut, since only the first records were read")


def test_no_records_at_all(mirror: Copy) -> None:
    there = mirror("hpdv2")
    there.path("train.json").write_text("[]")
    assert said(there.check(), what="records") == [("error", "records", "none in these files")]


def test_another_number_of_rows(mirror: Copy) -> None:
    there = mirror("rlaif_v")
    assert there.only(rows=77) == Difference(
        "rlaif_v", "count", "warning", "77 rows", "60 rows", "rows: 60 # if the corpus has changed"
    )
    assert there.check(rows=None).differences == ()


def test_a_number_that_can_only_be_estimated(mirror: Copy) -> None:
    there = mirror("omnialign_v")
    assert there.check(rows=100).differences == ()
    assert there.only(rows=1_000) == Difference(
        "omnialign_v",
        "count",
        "warning",
        "1,000 rows",
        "about 68 rows, by the size of the first",
        "see that the files are whole, or mend `rows`",
    )
