"""Folders as dataset repos until Ctrl-C: ``python -m tests.hub_server FOLDER [--port N]``."""

from __future__ import annotations

import argparse
import sys
import threading
from contextlib import suppress
from pathlib import Path

from tests.hub_server.server import HubServer


def add_folders(server: HubServer, top: Path) -> list[str]:
    """Serve ``owner/name``, and ``name`` with files of its own as ``test/name``."""
    names: list[str] = []
    for folder in sorted(path for path in top.iterdir() if path.is_dir()):
        inside = sorted(folder.iterdir())
        if any(path.is_file() for path in inside):
            found = {f"test/{folder.name}": folder}
        else:
            found = {f"{folder.name}/{path.name}": path for path in inside}
        for name, files in found.items():
            server.store.create(name)
            server.store.commit_folder(name, files)
            names.append(name)
    return names


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.hub_server", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", help="a token that may write to repos of these owners")
    arguments = parser.parse_args()
    server = HubServer(port=arguments.port)
    names = add_folders(server, arguments.folder)
    if arguments.token:
        owners = {name.partition("/")[0] for name in names} | {"test"}
        server.tokens.add(arguments.token, role="write", name="test", orgs=sorted(owners))
    with server, suppress(KeyboardInterrupt):
        lines = [*(f"# {server.endpoint}/datasets/{name}" for name in names)]
        sys.stdout.write("\n".join([*lines, f"HF_ENDPOINT={server.endpoint}", ""]))
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
