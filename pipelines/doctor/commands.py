"""Commands as they work here: the tools of the environment that runs the doctor."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

DISTRIBUTION: Final = "omni-reward-data"


def beside_python(tool: str) -> str:
    """How to call a tool of this environment: by name where the shell finds it, else by path."""
    own = Path(sys.executable).with_name(tool)
    found = shutil.which(tool)
    if not own.exists() or (found is not None and Path(found).parent == own.parent):
        return tool
    return shlex.quote(_short(own))


def pip_install(*requirements: str) -> str:
    """The command that installs into this environment and no other."""
    quoted = " ".join(f"'{requirement}'" for requirement in requirements)
    return f"{beside_python('python')} -m pip install {quoted}"


def pip_reinstall(name: str) -> str:
    """The command that fetches a library anew, where its files are damaged."""
    return f"{beside_python('python')} -m pip install --force-reinstall {name}"


def install_self(extra: str = "") -> str:
    """The command that installs this distribution again, from its checkout if it came from one."""
    suffix = f"[{extra}]" if extra else ""
    if _editable():
        return f"{beside_python('python')} -m pip install -e '.{suffix}'"
    return pip_install(f"{DISTRIBUTION}{suffix}")


def _editable() -> bool:
    return any(
        '"editable": true' in (found.read_text("direct_url.json") or "")
        for found in distributions(name=DISTRIBUTION)
    )


def _short(path: Path) -> str:
    """Relative to the folder that one is in, where that is shorter."""
    here = os.path.relpath(path)
    return here if not here.startswith("..") else str(path)
