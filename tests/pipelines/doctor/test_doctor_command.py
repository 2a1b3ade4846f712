"""`omnireward doctor` as a person runs it: report, JSON, exit codes, no secret anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from loopback import account, answering, models, refused

from pipelines.doctor.examine import Question, examine
from pipelines.doctor.finding import Finding
from pipelines.doctor.hidden import masked, secrets_of, shown_url
from pipelines.doctor.needs import RUNNERS, needs_of
from pipelines.doctor.side_by_side import Check, run_checks

TOKEN = "hf_planted0123456789"
KEY = "sk-planted0123456789"
PASSWORD = "planted-p4ssword"
RECIPE = {
    "version": 1,
    "name": "mine",
    "seed": 1,
    "corpora": {
        "votes": {
            "adapter": "mapped", "repo": "me/votes", "licence": "mit", "annotator": "human",
            "path": "votes", "files": ["votes.csv"], "options": {
                "prompt": "q", "responses": ["a", "b"], "label": "l",
                "values": {"first": ["1"], "second": ["2"]},
            },
        },
    },
    "subsets": {"Votes": {"corpus": "votes", "task": "t2t", "kind": "general", "target": None}},
}  # fmt: skip


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    return write(tmp_path / "mine.yaml", RECIPE)


def write(file: Path, content: object) -> Path:
    file.write_text(yaml.safe_dump(content))
    return file


def doctor(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "doctor", *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=cwd, env={**os.environ, **environment},
    )  # fmt: skip


def by_what(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, str]]:
    return {found["what"]: found for found in json.loads(done.stdout)["findings"]}


def test_a_machine_that_has_all_it_needs(recipe: Path, tmp_path: Path) -> None:
    done = doctor("--recipe", recipe, "--offline", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Ready: " in done.stdout
    assert "hf auth login" in done.stdout
    assert "not asked (--offline)" in done.stdout


def test_no_secret_is_printed_whatever_the_servers_say(recipe: Path, tmp_path: Path) -> None:
    relabeled = {
        **RECIPE,
        "relabel": {"origin": "llm", "propose": {"model": "big"}, "judge": {"models": ["x"]}},
        "subsets": {"V": {**RECIPE["subsets"]["Votes"], "kind": "instruction"}},  # type: ignore[index]
    }
    write(recipe, relabeled)
    echo = account(name=f"{TOKEN} {PASSWORD}")
    with answering(200, echo) as hub, answering(200, models(f"big {KEY}")) as served:
        environment = {
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": TOKEN,
            "OPENAI_BASE_URL": served.url.replace("//", f"//user:{PASSWORD}@") + "/v1",
            "OPENAI_API_KEY": KEY,
            "HTTPS_PROXY": f"http://user:{PASSWORD}@127.0.0.1:9",
        }
        runs = [
            doctor("--recipe", recipe, *more, cwd=tmp_path, **environment)
            for more in ((), ("--json",))
        ]
        tried = len(hub.seen), len(served.seen)
    assert tried == (2, 2)
    for done in runs:
        assert done.returncode == 4
        for secret in (TOKEN, KEY, PASSWORD):
            assert secret not in done.stdout + done.stderr
        assert done.stderr == ""
    found = by_what(runs[1])
    assert found["token"]["detail"] == "of *** ***, from HF_TOKEN: reads and writes"
    assert found["proxy"]["detail"] == "HTTPS_PROXY is http://127.0.0.1:9 (with a user)"
    assert found["generator"]["detail"] == "big is not listed there"


def look(question: Question, **environment: str) -> dict[str, Finding]:
    """The findings of the same examination in this process, by what they are about."""
    return {finding.what: finding for finding in examine(question, environment)}


def test_a_hub_that_is_needed_and_not_there(recipe: Path, tmp_path: Path) -> None:
    url = refused()
    assert look(Question(recipe), HF_ENDPOINT=url)["endpoint"].state == "warn"
    votes = {**RECIPE["corpora"]["votes"], "path": None}  # type: ignore[index]
    write(recipe, {**RECIPE, "corpora": {"votes": votes}})
    needed = doctor("--recipe", recipe, "--json", cwd=tmp_path, HF_ENDPOINT=url)
    assert needed.returncode == 4
    assert json.loads(needed.stdout)["ready"] is False
    assert by_what(needed)["endpoint"]["detail"] == f"{url}: refuses the connection"


def test_a_wrong_recipe_is_a_finding_among_others(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("version: 1\nnmae: x\n")
    found = look(Question(bad, offline=True))
    assert found["recipe"].state == "fail"
    assert "bad.yaml:2: nmae: unknown key" in found["recipe"].detail
    assert found["ffmpeg"].state == "ok"


def test_dataflow_is_looked_at_when_it_is_named(recipe: Path, tmp_path: Path) -> None:
    flags = ("--project=mine",)
    found = look(Question(recipe, runner="dataflow", flags=flags, offline=True))
    assert found["project"].detail == "mine"
    assert found["flags"].detail == "missing: --region --temp_location"
    assert found["package"].detail.endswith("/setup.py, of this checkout")
    assert found["variables"].state in ("ok", "warn")
    wrong = doctor("--runner", "datafow", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "datafow" in wrong.stderr


def test_the_runners_are_those_of_the_pipeline() -> None:
    from pipelines import runners

    assert tuple(runners.RUNNERS) == RUNNERS


def test_looking_imports_no_heavy_library(recipe: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pipelines.doctor.examine import Question, examine;"
        "from pathlib import Path;"
        "examine(Question(recipe=Path(sys.argv[1]), offline=True), {});"
        "print([m for m in ('apache_beam', 'datasets', 'great_expectations', 'librosa', 'openai')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(recipe)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_needs_of_a_recipe(recipe: Path) -> None:
    needs, found = needs_of(recipe, None)
    assert found.state == "ok"
    assert (needs.hub, needs.publication, needs.relabel) == (False, None, None)
    assert needs.mirrors == (recipe.parent / "votes",)
    write(recipe, {**RECIPE, "runner": {"name": "elsewhere"}})
    assert needs_of(recipe, None)[1].state == "fail"


def test_a_check_that_breaks_or_hangs_is_a_finding(tmp_path: Path) -> None:
    import threading

    held = threading.Event()

    def breaks() -> Finding:
        raise RuntimeError(TOKEN)

    def hangs() -> Finding:
        held.wait(10)
        return Finding("hub", "slow", "ok", "")

    def works() -> list[Finding]:
        return [Finding("disk", "good", "ok", "yes")]

    runs: list[tuple[str, Callable[[], Finding | list[Finding]]]] = [
        ("breaks", breaks), ("slow", hangs), ("good", works),
    ]  # fmt: skip
    found = run_checks([Check("hub", what, run) for what, run in runs], 0.2)
    held.set()
    assert [(f.what, f.state) for f in found] == [
        ("breaks", "fail"), ("slow", "fail"), ("good", "ok"),
    ]  # fmt: skip
    assert found[0].detail == "the check itself broke (RuntimeError)"
    assert TOKEN not in repr(found)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:pw@host:8443/v1/?k=v#f", "https://host:8443/v1"),
        ("me:pw@proxy:3128", "proxy:3128"),
        ("http://[::1]:80/", "http://[::1]:80"),
        ("http://me:p%40w@h", "http://h"),
        ("http://h:x", "(not a URL)"),
        ("", "(not a URL)"),
    ],
)
def test_urls_are_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert shown_url(url) == shown


def test_values_of_secrets_are_masked() -> None:
    environment = {
        "MY_TOKEN": "abc-123456\n", "http_proxy": "http://us%40er1:pw-123456@h", "PATH": "/bin",
        "KEY_FILE": "/etc/key/file", "SHORT_KEY": "a", "GIT_AUTHOR_NAME": "Somebody Else",
    }  # fmt: skip
    secrets = secrets_of(environment)
    finding = Finding(
        "a", "b", "ok", "abc-123456 us@er1 pw-123456 Somebody \x1b[31m", "/etc/key/file"
    )
    (clean,) = masked([finding], secrets)
    assert clean.detail == "*** *** *** Somebody  [31m"
    assert clean.remedy == "/etc/key/file"
