"""The sandbox's processes end with their parent, however it ends and whatever they do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from test_media_sandbox import eventually, gone, members

_PARENT = """
import sys, threading
from transforms.media.sandbox.runner import Sandbox
from transforms.media.settings import MediaPolicy

sandbox = Sandbox(MediaPolicy(max_decode_seconds=300), 2, {"crash": "sandbox_crashes"})
for data in sys.argv[1:]:
    threading.Thread(target=sandbox.run, args=("crash", data.encode()), daemon=True).start()
sys.stdin.read()
"""


def run_parent(*media: str) -> subprocess.Popen[bytes]:
    """A process whose sandbox is at work on media; it lives until its input is closed."""
    path = os.pathsep.join(part for part in sys.path if part)
    return subprocess.Popen(
        [sys.executable, "-c", _PARENT, *media],
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )


@pytest.mark.parametrize("how", [signal.SIGKILL, None])
def test_no_orphan_is_left(tmp_path: Path, how: signal.Signals | None) -> None:
    """One worker waits for a child that hangs; the other hangs itself, deaf to all."""
    waits, hangs = tmp_path / "waits", tmp_path / "hangs"
    parent = run_parent(f"with-child {waits}", f"hang {hangs}")
    try:
        processes = {*members(waits), *members(hangs)}
        assert len(processes) == 3
        if how is None:
            parent.communicate(timeout=20)  # its input ends, and so does it
        else:
            parent.send_signal(how)
            parent.wait()
        left = [number for number in processes if not eventually(lambda n=number: gone(n))]
        assert not left
    finally:
        parent.kill()
        parent.communicate()


def test_a_keeper_that_was_ended_is_replaced(tmp_path: Path) -> None:
    from transforms.media.sandbox.runner import Sandbox
    from transforms.media.settings import MediaPolicy

    policy = MediaPolicy(max_decode_seconds=20)
    with Sandbox(policy, 1, {"crash": "sandbox_crashes"}) as sandbox:
        sandbox.run("crash", b"one")
        assert sandbox._crew is not None
        keeper = sandbox._crew._keeper
        first = keeper._process
        first.kill()
        first.wait()
        with pytest.raises(Exception, match="SIGSEGV"):
            sandbox.run("crash", b"segfault")
        assert keeper._process.pid != first.pid
        assert keeper._process.poll() is None
        assert sandbox.run("crash", b"two").facts["frames"] == 3
