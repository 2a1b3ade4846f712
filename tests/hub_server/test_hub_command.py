"""Folders served from the command line, each as a repo."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from huggingface_hub import HfApi

from tests.hub_server import HubServer
from tests.hub_server.__main__ import add_folders
from tests.hub_server.fixtures import client_environment

TOP = Path(__file__).resolve().parents[2]


def _folders(top: Path) -> Path:
    for name in ("ada/birds/data/a.parquet", "ada/fish/b.json", "plain/c.json"):
        path = top / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"{}")
    return top


def test_owner_and_name_or_name_alone(tmp_path: Path) -> None:
    with HubServer() as server:
        names = add_folders(server, _folders(tmp_path))
    assert names == ["ada/birds", "ada/fish", "test/plain"]


def test_the_command_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "tests.hub_server", str(_folders(tmp_path)), "--token", "hf_write",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(TOP)}
    with subprocess.Popen(
        command, cwd=TOP, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        endpoint = next(line for line in lines if line.startswith("HF_ENDPOINT="))
        api = HfApi(endpoint=endpoint.strip().partition("=")[2], token=False)
        assert "data/a.parquet" in api.list_repo_files("ada/birds", repo_type="dataset")
        writer = HfApi(endpoint=api.endpoint, token="hf_write")
        writer.create_tag("ada/birds", tag="v1", repo_type="dataset")
        writer.create_repo("test/new", repo_type="dataset")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_a_client_in_a_process_of_its_own(hub: HubServer, tmp_path: Path) -> None:
    hub.tokens.add("hf_ada", name="ada")
    hub.store.create("ada/birds", private=True)
    hub.store.commit("ada/birds", {"data/a.parquet": b"rows"}, "Rows")
    script = (
        "from huggingface_hub import snapshot_download;"
        f"snapshot_download('ada/birds', repo_type='dataset', local_dir={str(tmp_path / 'out')!r})"
    )
    environment = {**os.environ, **client_environment(hub, tmp_path / "home", "hf_ada")}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True)
    assert (tmp_path / "out" / "data" / "a.parquet").read_bytes() == b"rows"
    assert hub.log.authorizations("cdn") == []
    assert hub.log.entries(path="agent") == []
