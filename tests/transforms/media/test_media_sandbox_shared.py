"""The sandbox of a process: one for all that decode by a policy, ended with the build."""

from __future__ import annotations

import io
import os

import pytest
from PIL import Image

from transforms.media.sandbox.crew import SandboxClosedError
from transforms.media.sandbox.runner import Sandbox
from transforms.media.sandbox.shared import shared_sandbox, shared_until_end
from transforms.media.settings import MediaPolicy

POLICY = MediaPolicy(threads=1)


def _picture() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 6)).save(stream, "png")
    return stream.getvalue()


def _workers() -> set[int]:
    """Process ids of the workers of the sandbox that is kept."""
    crew = shared_sandbox(POLICY)._crew
    return {worker.group for worker in crew._live} if crew is not None else set()


def test_whoever_asks_for_a_policy_shares_its_workers() -> None:
    with shared_until_end():
        first = shared_sandbox(POLICY)
        assert first.run("image", _picture()).facts["width"] == 8
        workers = _workers()
        assert len(workers) == 1
        again = shared_sandbox(MediaPolicy(threads=1))
        assert again is first
        assert again.run("image", _picture()).facts["height"] == 6
        assert _workers() == workers


def test_another_policy_has_another_sandbox_and_leaves_the_first_to_its_users() -> None:
    with shared_until_end():
        first = shared_sandbox(POLICY)
        other = shared_sandbox(MediaPolicy(threads=2))
        assert other is not first
        assert not first.closed
        assert shared_sandbox(MediaPolicy(threads=2)) is other
        first.close()


def test_the_end_of_a_build_ends_the_workers() -> None:
    with shared_until_end():
        sandbox = shared_sandbox(POLICY)
        sandbox.run("image", _picture())
        (worker,) = _workers()
    with pytest.raises(ProcessLookupError):
        os.killpg(worker, 0)
    with pytest.raises(SandboxClosedError):
        sandbox.run("image", _picture())


def _failing_build(used: list[Sandbox]) -> None:
    with shared_until_end():
        used.append(shared_sandbox(POLICY))
        raise ValueError("no")


def test_the_workers_end_where_a_build_fails() -> None:
    used: list[Sandbox] = []
    with pytest.raises(ValueError, match="no"):
        _failing_build(used)
    assert [sandbox.closed for sandbox in used] == [True]


def test_a_closed_sandbox_is_not_given_again() -> None:
    with shared_until_end():
        closed = shared_sandbox(POLICY)
        closed.close()
        assert shared_sandbox(POLICY).run("image", _picture()).facts["width"] == 8


def test_of_two_builds_in_one_process_the_last_ends_it() -> None:
    with shared_until_end():
        sandbox = shared_sandbox(POLICY)
        with shared_until_end():
            assert shared_sandbox(POLICY) is sandbox
        assert sandbox.run("image", _picture()).facts["width"] == 8
    assert sandbox.closed
