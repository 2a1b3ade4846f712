"""`omnireward benchmark add`: odd layouts become fingerprints; what is not taken is told."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipelines.benchmarks.add import Added, AddRequest, add_benchmark
from pipelines.benchmarks.layouts import KNOWN, Roles
from pipelines.benchmarks.roles import guess_roles
from tests.hub_server import HubServer
from tests.pipelines.served import use
from transforms.beamkit.errors import BuildError
from transforms.dedup.benchmarks.fingerprint import read_fingerprint
from transforms.dedup.settings_benchmarks import TextPrintSettings
from transforms.media.settings import MediaPolicy

Call = Callable[..., "subprocess.CompletedProcess[str]"]


def png(seed: int) -> bytes:
    small = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), np.uint8)
    sink = io.BytesIO()
    Image.fromarray(small).resize((96, 96), Image.Resampling.BICUBIC).save(sink, "PNG")
    return sink.getvalue()


def add(tmp_path: Path, name: str = "mine", **given: Any) -> tuple[Added, list[dict[str, Any]]]:
    request = AddRequest(name, given.pop("path", tmp_path), **given)
    added = add_benchmark(request, str(tmp_path / "fp"), TextPrintSettings(), MediaPolicy())
    return added, read_fingerprint(added.path).table.to_pylist()


def fields(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {
        name: sum(row["field"] == name for row in rows)
        for name in dict.fromkeys(r["field"] for r in rows)
    }


def test_cells_of_parquet_and_lists_of_responses(tmp_path: Path) -> None:
    cells = [{"bytes": png(n), "path": f"{n}.png"} for n in range(3)]
    table = pa.table(
        {
            "id": ["a", "b", "c"],
            "query": [f"What is shown in picture {n}?" for n in range(3)],
            "response": [["A cat.", "A dog."]] * 3,
            "image": pa.array(cells, pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
            "human_ranking": [[0, 1]] * 3,
        }
    )
    (tmp_path / "data").mkdir()
    pq.write_table(table, tmp_path / "data/test-00000-of-00001.parquet")
    added, rows = add(tmp_path, "vl-rewardbench")
    assert not added.parts[0].is_guess
    assert fields(rows) == {"prompt": 3, "response": 6, "prompt_medium": 3}
    picture = next(row for row in rows if row["field"] == "prompt_medium")
    assert len(picture["hashes"]) > 5
    assert picture["modality"] == "image"
    assert added.metadata["licence"] == "mit"
    _, guessed = add(tmp_path, "other")
    assert [r["exact"] for r in guessed] == [r["exact"] for r in rows]


def test_every_config_of_omni_rewardbench_with_its_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "media_data.zip", "w") as archive:
        for n in range(4):
            archive.writestr(f"pictures/{n}.png", png(n))
    common = {"prompt": ["Draw a red house by the sea"], "criteria": ["Be nice"], "id": ["1"]}
    for config, columns in {
        "text_to_text": {"response1": ["One."], "response2": ["Two."]},
        "text_to_image": {
            "response1_path": ["pictures/0.png"],
            "response2_path": ["media_data/pictures/1.png"],
        },
        "text_image_to_text": {
            "response1": ["One."],
            "response2": ["Two."],
            "image_path": ["pictures/2.png"],
        },
    }.items():
        (tmp_path / config).mkdir()
        pq.write_table(pa.table({**common, **columns}), tmp_path / config / "test.parquet")
    added, rows = add(tmp_path, "omni-rewardbench")
    assert fields(rows) == {
        "prompt": 3,
        "response": 4,
        "prompt_medium": 1,
        "response_medium": 2,
    }
    assert {row["item"] for row in rows} == {
        "text_to_text:0",
        "text_to_image:0",
        "text_image_to_text:0",
    }
    assert not added.skipped
    only, rows = add(tmp_path, "omni-rewardbench", configs=("text_to_image",))
    assert len(only.parts) == 1
    assert {row["item"] for row in rows} == {"0"}


def test_tables_of_text_and_json_with_turns(tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["instruction", "input", "output_1", "output_2", "label"])
        writer.writerows([f"Do {n}", f"with {n}", f"one {n}", f"two {n}", 1] for n in range(9))
    lines = [
        {"conversations": [{"from": "human", "value": f"Ask {n}"}], "chosen": {"value": f"yes {n}"},
         "rejected": {"value": f"no {n}"}}
        for n in range(4)
    ]  # fmt: skip
    (tmp_path / "b.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\nnot json\n", "utf-8")
    added, rows = add(tmp_path)
    assert fields(rows) == {"prompt": 13, "response": 26}
    assert [part.roles for part in added.parts] == [
        Roles(("instruction", "input"), ("output_1", "output_2")),
        Roles(("conversations",), ("chosen", "rejected")),
    ]
    assert added.skipped == {"not_a_record": 1}
    assert next(row for row in rows if row["item"] == "a.csv:0")["tokens"] == 4


def test_columns_that_are_named_are_taken(tmp_path: Path) -> None:
    records = [
        {"q": {"body": f"text {n}"}, "x": f"answer {n}", "pic": f"./up/{n}.png"} for n in range(3)
    ]
    (tmp_path / "r.json").write_text(json.dumps(records), "utf-8")
    (tmp_path / "pictures").mkdir()
    for n in range(2):
        (tmp_path / f"pictures/{n}.png").write_bytes(png(n))
    added, rows = add(
        tmp_path, prompt=("q.body",), responses=("x",), media=("pic",), media_root="pictures"
    )
    assert fields(rows) == {"prompt": 3, "response": 3, "prompt_medium": 2}
    assert added.skipped == {"media_not_read": 1}


def test_a_split_is_chosen_by_the_names_of_files(tmp_path: Path) -> None:
    for name in ("train-0.jsonl", "test-0.jsonl", "tested.jsonl"):
        (tmp_path / name).write_text(json.dumps({"prompt": name}) + "\n", "utf-8")
    added, _ = add(tmp_path, split="test")
    assert [part.title for part in added.parts] == ["test-0.jsonl"]


def test_a_medium_that_does_not_decode_keeps_its_digest(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(png(1)[:200])
    (tmp_path / "r.jsonl").write_text(json.dumps({"prompt": "x", "image": "broken.png"}), "utf-8")
    added, rows = add(tmp_path)
    medium = next(row for row in rows if row["field"] == "prompt_medium")
    assert medium["hashes"] == []
    assert len(medium["source"]) == 64
    assert sum(added.skipped.values()) == 1


def test_paths_never_leave_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(png(1))
    inside = tmp_path / "bench"
    inside.mkdir()
    record = {"prompt": "x", "image": "../secret.png"}
    (inside / "r.jsonl").write_text(json.dumps(record), "utf-8")
    _, rows = add(tmp_path, path=inside)
    assert fields(rows) == {"prompt": 1}


def test_half_a_url_is_a_path_that_is_not_there(tmp_path: Path) -> None:
    record = {"prompt": "x", "image": "//[x/1.png"}
    (tmp_path / "r.jsonl").write_text(json.dumps(record), "utf-8")
    added, rows = add(tmp_path, prompt=("prompt",), media=("image",))
    assert fields(rows) == {"prompt": 1}
    assert added.skipped == {"media_not_read": 1}
    roles, _ = guess_roles([record])
    assert roles.prompt == ("prompt",)


def test_nothing_found_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no files of records"):
        add(tmp_path)
    (tmp_path / "r.jsonl").write_text('{"a": 1}\n', "utf-8")
    with pytest.raises(BuildError, match="--prompt"):
        add(tmp_path)
    with pytest.raises(BuildError, match=r"--path.*--repo"):
        add(tmp_path, "unknown", path=None)
    with pytest.raises(BuildError, match="outside the Hub"):
        add(tmp_path, "multimodal-rewardbench", path=None)
    with pytest.raises(BuildError, match="small letters"):
        add(tmp_path, "../x")


def test_verdicts_and_facts_about_the_pair_are_no_content() -> None:
    records = [
        {"idx": n, "prompt": f"a dog number {n}", "response": "[[A>B]]" if n % 2 else "[[B>A]]",
         "human_vote": "leftvote", "left_model": "m", "left_image": f"{n}.png",
         "source_image": "s.png"}
        for n in range(30)
    ]  # fmt: skip
    roles, left = guess_roles(records)
    assert roles == Roles(("prompt",), (), (("source_image",),), (("left_image",),))
    assert "response" in left


def test_known_layouts_have_roles_and_files() -> None:
    assert len(KNOWN["omni-rewardbench"].parts) == 9
    for known in KNOWN.values():
        assert known.note
        assert all(part.files and part.roles.prompt and part.roles.columns for part in known.parts)


def test_a_repository_on_the_hub_gives_the_fingerprint_of_its_files(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "bench"
    (folder / "data").mkdir(parents=True)
    table = pa.table(
        {
            "prompt": [f"Which of the harbours in the north is number {n}?" for n in range(5)],
            "chosen": [f"The one that was built in the year {1900 + n}." for n in range(5)],
            "image": [{"bytes": png(n), "path": None} for n in range(5)],
        }
    )
    pq.write_table(table, folder / "data" / "test-00000-of-00001.parquet")
    hub.store.create("someone/harbours", licence="mit")
    commit = hub.store.commit_folder("someone/harbours", folder)
    use(hub, monkeypatch, tmp_path / "home")
    far, remote = add(tmp_path, path=None, repo="someone/harbours")
    near, local = add(tmp_path, path=folder)
    assert remote == local
    assert fields(remote) == {"prompt": 5, "response": 5, "prompt_medium": 5}
    assert (far.metadata["repo"], far.metadata["revision"]) == ("someone/harbours", commit)
    assert far.metadata["licence"] == "mit"
    assert near.metadata["repo"] == ""
    gone = AddRequest("mine", None, "someone/lost")
    with pytest.raises(BuildError, match="someone/lost"):
        add_benchmark(gone, str(tmp_path / "fp"), TextPrintSettings(), MediaPolicy())


def test_the_commands_add_list_and_show(omnireward: Call, tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(json.dumps({"prompt": "A harbour", "chosen": "x"}), "utf-8")
    fp = tmp_path / "fp"
    done = omnireward("benchmark", "add", "mine", "--path", tmp_path / "r.jsonl", "-o", fp)
    assert done.returncode == 0, done.stderr
    assert "prompt: prompt" in done.stdout
    assert "1 items" in done.stdout
    digest = read_fingerprint(str(fp / "mine.fingerprint.parquet")).digest
    assert digest in done.stdout
    shown = omnireward("benchmark", "show", "mine", "-o", fp)
    assert digest in shown.stdout
    assert "short_tokens 48" in shown.stdout
    listed = omnireward("benchmark", "list", "-o", fp)
    said = [" ".join(line.split()) for line in listed.stdout.splitlines()]
    assert any(line.startswith("mine fingerprint") and "a local copy" in line for line in said)
    (elsewhere,) = (line for line in said if line.startswith("multimodal-rewardbench "))
    assert elsewhere.endswith(" no repository; add it by --path")
    assert "omni-rewardbench" in listed.stdout
    lost = omnireward("benchmark", "show", "none", "-o", fp)
    assert lost.returncode == 3
    assert "no such fingerprint" in lost.stderr


@pytest.mark.parametrize("role", ["prompt", "responses", "media"])
def test_a_column_that_is_not_there_is_named_with_those_that_are(tmp_path: Path, role: str) -> None:
    rows = [{"question": f"What is {n}?", "answer": f"It is {n}."} for n in range(5)]
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = {"prompt": ("question",), "responses": ("answer",)} | {role: ("nosuch",)}
    with pytest.raises(BuildError, match=r"no column 'nosuch'; there is question, answer$"):
        add(tmp_path, **told)


def test_a_column_without_a_value_at_first_is_one(tmp_path: Path) -> None:
    rows = [{"question": f"What is the number {n}?", "note": None} for n in range(5)]
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    added, _ = add(tmp_path, prompt=("question",), responses=("note",))
    assert added.metadata["items"] == 5
