"""`omnireward media check` on files of all kinds, with names that mean no good."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner, Result

from pipelines.cli import app
from pipelines.media_check import Checked, Checker, files_of
from pipelines.media_view import facts_line, file_line, name_width, shown
from tests.transforms.media import mesh_models as made
from transforms.beamkit.errors import BuildError
from transforms.media.sandbox.runner import Sandbox
from transforms.media.settings import (
    AudioPolicy,
    ImagePolicy,
    MediaPolicy,
    MeshPolicy,
    VideoPolicy,
)

Call = Callable[..., "subprocess.CompletedProcess[str]"]

HARD = Path(__file__).parents[3] / "shared" / "realdata"


def picture(kind: str = "PNG", **options: object) -> bytes:
    sink = io.BytesIO()
    Image.linear_gradient("L").resize((40, 30)).convert("RGB").save(sink, kind, **options)
    return sink.getvalue()


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return picture("JPEG", exif=exif)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    for name, data in {
        "a.png": picture(),
        "b/turned.jpg": turned(),
        "b/cut.jpg": picture("JPEG")[:-60],
        "b/.hidden.png": picture(),
        ".git/x.png": picture(),
        "notes.txt": b"not a medium",
        "[bold red]x\x1b[2J\n\u202e.png": b"<html>gone</html>",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / "b" / "again").symlink_to(folder)
    os.mkfifo(folder / "pipe.mp4")
    return folder


def test_each_file_has_a_line_and_the_sum_is_told(omnireward: Call, folder: Path) -> None:
    done = omnireward("media", "check", folder)
    assert done.returncode == 4, done.stderr
    lines = done.stdout.splitlines()
    rows = {line.split("  ")[0].strip(): " ".join(line.split()) for line in lines[:5]}
    assert list(rows) == [
        f"{folder}/[bold red]x\\x1b[2J\\n\\u202e.png",
        f"{folder}/a.png",
        f"{folder}/notes.txt",
        f"{folder}/b/cut.jpg",
        f"{folder}/b/turned.jpg",
    ]
    odd, kept, text, cut, made = rows.values()
    assert "rejected image_undecodable: not a picture but html page" in odd
    assert "image kept png 40 x 30" in kept
    assert "- no medium" in text
    assert "rejected image_undecodable" in cut
    assert "normalised orientation" in made
    assert "30 x 40" in made
    assert lines[-1] == "5 files: 1 kept, 1 normalised, 2 rejected, 1 no medium"
    assert "\x1b" not in done.stdout


def called(*arguments: object) -> Result:
    """The command in this process: one of its own takes a second to start."""
    return CliRunner().invoke(app, ["media", "check", *map(str, arguments)])


def test_json_and_what_would_be_published(folder: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    done = called("--json", "--save", saved, folder / "a.png", folder / "b")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    kept, cut, made = rows
    assert [row["outcome"] for row in rows] == ["kept", "rejected", "normalised"]
    assert kept["product_digest"] == kept["source_digest"]
    assert (cut["facts"], cut["reason"], cut["saved"]) == ({}, "image_undecodable", None)
    assert (made["facts"]["width"], made["facts"]["height"]) == (30, 40)
    assert Path(kept["saved"]).read_bytes() == picture()
    assert Image.open(made["saved"]).size == (30, 40)
    assert len(list(saved.iterdir())) == 2


def test_a_model_is_checked_with_the_files_that_it_names(tmp_path: Path) -> None:
    cube = b"mtllib m.mtl\nusemtl wood\n" + made.obj_cube()
    for name in ("whole", "alone"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cube.obj").write_bytes(cube)
    (tmp_path / "whole" / "m.mtl").write_bytes(b"newmtl wood\nmap_Kd wood.png\n")
    (tmp_path / "whole" / "wood.png").write_bytes(made.png())
    os.mkfifo(tmp_path / "alone" / "m.mtl")  # what is no file is not waited for
    done = called("--json", tmp_path / "whole" / "cube.obj", tmp_path / "alone" / "cube.obj")
    whole, alone = (json.loads(line) for line in done.stdout.splitlines())
    assert whole["outcome"] == alone["outcome"] == "normalised"
    assert whole["source_digest"] != alone["source_digest"] == hashlib.sha256(cube).hexdigest()
    assert whole["facts"]["bytes"] > alone["facts"]["bytes"] + len(made.png()) / 2


def test_good_files_end_with_0_and_wrong_usage_is_told(folder: Path) -> None:
    good = called(folder / "a.png", folder / "notes.txt")
    assert (good.exit_code, good.stderr) == (0, "")
    assert "2 files: 1 kept, 1 no medium" in good.stdout
    missing = called(folder / "none.png")
    assert isinstance(missing.exception, BuildError)
    wrong = called(folder / "a.png", "--as", "text")
    assert wrong.exit_code == 2
    assert "image, video, audio, mesh" in wrong.stderr
    forced = called(folder / "notes.txt", "--as", "image")
    assert forced.exit_code == 4
    assert "not a picture but text" in forced.stdout


def test_the_recipes_policy_is_the_one_that_counts(folder: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "version: 1\nname: x\nseed: 1\ncorpora: {}\nsubsets: {}\n"
        "media: {image: {max_pixels: 1000}}\n"
    )
    done = called(folder / "a.png", "--recipe", recipe)
    assert done.exit_code == 4
    assert "image_too_large: 40 x 30 pixels" in " ".join(done.stdout.split())


def test_what_is_no_regular_file_or_not_to_be_read_is_said(folder: Path, tmp_path: Path) -> None:
    with Sandbox(MediaPolicy(), 0) as sandbox:
        checker = Checker(sandbox)
        assert checker.one(folder / "pipe.mp4").outcome == "unreadable"
        assert checker.one(tmp_path / "none").message == "No such file or directory"
    with pytest.raises(BuildError, match="there is no such"):
        files_of([tmp_path / "none"])
    assert files_of([folder / "a.png", folder / "a.png"]) == [folder / "a.png"]


def test_a_file_beyond_every_limit_is_not_read(tmp_path: Path) -> None:
    huge = tmp_path / "huge.png"
    with huge.open("wb") as file:
        file.write(picture())
        file.truncate(10_000_000_000)
    policy = MediaPolicy(
        image=ImagePolicy(max_bytes=9_000),
        video=VideoPolicy(max_bytes=9_000),
        audio=AudioPolicy(max_bytes=9_000),
        mesh=MeshPolicy(max_bytes=9_000),
    )
    with Sandbox(policy, 0) as sandbox:
        one = Checker(sandbox).one(huge)
    assert (one.reason, one.message) == (
        "image_too_large",
        "10,000,000,000 bytes, the limit is 9,000",
    )


def test_names_that_are_no_text_are_spelt_out(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff\xfe.png")
    path.write_bytes(picture())
    (found,) = files_of([tmp_path])
    assert shown(found.name) == "\\udcff\\udcfe.png"
    with Sandbox(MediaPolicy(), 0) as sandbox:
        one = Checker(sandbox, save=tmp_path / "saved").one(found)
    assert one.saved is not None
    assert Path(one.saved).name.startswith("medium-")
    json.dumps(one.as_json()).encode("ascii")


_HANGS = """
import sys
from pathlib import Path
import polars  # its handler of interrupts would let a wait go on
from pipelines.commands.console import interrupted
from pipelines.media_check import Checker
from transforms.media.sandbox.runner import Sandbox
from transforms.media.settings import MediaPolicy

policy = MediaPolicy(max_decode_seconds=300)
try:
    with Sandbox(policy, 2, {"image": "sandbox_crashes"}) as sandbox:
        for one in Checker(sandbox, "image").check(sorted(Path(sys.argv[1]).iterdir())):
            print(one.outcome, flush=True)
except KeyboardInterrupt:
    interrupted()
"""


def test_an_interrupt_waits_for_no_file(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number}.png").write_bytes(b"hang" if number else b"fine")
    modules = Path(__file__).parents[1] / "transforms" / "media"
    path = os.pathsep.join([*filter(None, sys.path), str(modules)])
    process = subprocess.Popen(
        [sys.executable, "-c", _HANGS, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "kept\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "interrupted" in said


@pytest.mark.parametrize("width", [80, 120])
def test_lines_fit_a_terminal(width: int) -> None:
    long = "folder/" * 20 + "[/]名前.png"
    made = Checked(
        long,
        "video",
        "normalised",
        changes=("orientation", "codec", "container"),
        facts={
            "format": "mp4",
            "width": 1280,
            "height": 720,
            "duration_s": 5.04,
            "rate_hz": 29.97,
            "channels": 2,
            "bytes": 1_234_567,
        },
    )
    console = Console(width=width, file=io.StringIO(), record=True)
    names = name_width([long], width)
    console.print(file_line(made, names, width))
    text = console.export_text()
    assert all(len(line) <= width for line in text.splitlines())
    assert "[/]名前.png" in text
    assert "normalised" in text
    assert "mp4 1280 x 720 5.0 s at 29.97 Hz 2 channels 1.2 MB" in " ".join(
        " ".join(line[names + 21 :].split()) for line in text.splitlines()
    )


def test_facts_in_short() -> None:
    assert facts_line({"format": "glb", "vertices": 1234, "faces": 7, "bytes": 900}) == (
        "glb 1,234 vertices 7 faces 900 B"
    )
    assert facts_line({}) == ""


@pytest.mark.skipif(not HARD.is_dir(), reason=f"the real files are not there: no folder {HARD}")
def test_real_files_come_out_as_expected() -> None:
    """Pictures only: the other modalities have tests of their own, and take longer."""
    done = called("--json", HARD / "media" / "image", HARD / "hard" / "image")
    outcomes = {}
    for line in done.stdout.splitlines():
        row = json.loads(line)
        outcomes[str(Path(row["path"]).relative_to(HARD))] = row["outcome"]
    wanted = [json.loads(line) for line in (HARD / "EXPECTED.jsonl").read_text().splitlines()]
    allowed = {
        "decode": ("kept", "normalised"),
        "normalise": ("kept", "normalised"),
        "reject": ("rejected",),
        "policy": ("kept", "normalised", "rejected"),
    }
    wrong = {
        entry["file"]: (entry["expected"], outcomes[entry["file"]])
        for entry in wanted
        if entry["file"] in outcomes and outcomes[entry["file"]] not in allowed[entry["expected"]]
    }
    assert not wrong
    ordinary = {name: outcome for name, outcome in outcomes.items() if name.startswith("media/")}
    assert ordinary
    assert set(ordinary.values()) <= {"kept", "normalised"}
