"""The sandbox: whatever a decoder does to its process costs one medium, in bounded time."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from transforms.beamkit.errors import BuildError
from transforms.media.errors import MediaError, PassingError
from transforms.media.modality import Product
from transforms.media.sandbox import runner
from transforms.media.sandbox.crew import Crew, SandboxClosedError
from transforms.media.sandbox.messages import FRAME
from transforms.media.sandbox.process import WorkerLostError, WorkerProcess
from transforms.media.sandbox.runner import Sandbox
from transforms.media.settings import ImagePolicy, MediaPolicy

MODULES = {"crash": "sandbox_crashes"}
POLICY = MediaPolicy(max_decode_seconds=30.0, max_decode_memory_mb=500)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(POLICY, 2, MODULES) as made:
        yield made


def refused(sandbox: Sandbox, data: bytes) -> tuple[str, str]:
    with pytest.raises(MediaError) as error:
        sandbox.run("crash", data)
    return error.value.reason, error.value.message


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether a condition comes true; looked at again and again, not waited for blindly."""
    limit = time.monotonic() + seconds
    while not condition() and time.monotonic() < limit:
        threading.Event().wait(0.01)
    return condition()


def gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    try:  # dead, but nobody asked how: an init that doesn't reap is not ours to mend
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return False


def members(folder: Path) -> list[int]:
    """The processes that a medium wrote down, once it has."""
    assert eventually(folder.exists)
    return [int(part) for part in folder.read_text().split()]


def test_what_conforms_is_kept_and_what_is_made_comes_back(sandbox: Sandbox) -> None:
    assert sandbox.run("crash", b"hello") == Product({"format": "crash", "bytes": 5, "frames": 5})
    large = b"upper " + b"abc" * 700_000
    made = sandbox.run("crash", large)
    assert made.data == b"ABC" * 700_000
    assert made.changes == ("case",)
    assert made.facts == {"format": "crash", "bytes": 2_100_000, "width": 3}
    assert sandbox.run("crash", b"").facts == {"format": "crash", "bytes": 0, "frames": 0}


@pytest.mark.parametrize(
    ("data", "reason", "message"),
    [
        (b"refuse what\x1b[31m is\nhere", "crash_format", "what [31m is here"),
        (b"segfault", "crash_crashed", "its decoder ended with SIGSEGV"),
        (
            b"abort",
            "crash_crashed",
            "its decoder ended with SIGABRT: [codec @ 0x…] bad table",
        ),
        (b"abort std::bad_alloc", "crash_memory", "ran out of memory: std::bad_alloc"),
        (b"exit 3", "crash_crashed", "its decoder ended with exit 3"),
        (b"leave", "crash_crashed", "its decoder ended with exit 5"),
        (b"eat", "crash_memory", "more memory than is allowed: 500 MB"),
        (b"swallow", "crash_memory", "more memory than is allowed: 500 MB"),
        (b"garbage", "crash_crashed", "can't be trusted: it answered with no message"),
        (
            b"garbage " + FRAME.pack(b"omr1", 3, 0) + b"[1]",
            "crash_crashed",
            "it answered with a header that is no JSON object",
        ),
        (b"announce", "crash_crashed", "it answered with no message, or too large a one"),
        (b"strange", "crash_fault", "facts that the schema does not have: colour"),
        (b"unfit", "crash_product", "what was made of it is refused itself: this"),
        (b"fault", "crash_fault", "TypeError: no such thing (sandbox_crashes.py:"),
    ],
)
def test_what_a_decoder_does_costs_its_medium_only(
    sandbox: Sandbox, data: bytes, reason: str, message: str
) -> None:
    found, said = refused(sandbox, data)
    assert (found, message in said) == (reason, True), said
    assert sandbox.run("crash", b"fine").facts["frames"] == 4


def test_a_connection_that_is_closed_or_held_open_by_a_child_is_noticed(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    assert refused(sandbox, b"close") == (
        "crash_crashed",
        "its process can't be trusted: it closed its connection",
    )
    written = tmp_path / "child"
    reason, said = refused(sandbox, b"child " + bytes(written))
    assert (reason, "SIGSEGV" in said) == ("crash_crashed", True)
    assert all(eventually(lambda p=process: gone(p)) for process in members(written))


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"hang", PassingError), (b"spin", MediaError)],  # it waits for others, or works itself
)
def test_what_hangs_is_ended_at_the_time_limit(
    data: bytes, kind: type[MediaError], monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind is MediaError:
        monkeypatch.setattr(runner, "PATIENCE", 60.0)  # however busy the machine is
    with Sandbox(replace(POLICY, max_decode_seconds=0.5), 1, MODULES) as hasty:
        begun = time.monotonic()
        with pytest.raises(MediaError) as error:
            hasty.run("crash", data)
        assert time.monotonic() - begun < 15  # the start of the worker included
    assert (error.value.reason, error.value.message) == (
        "crash_timeout",
        "not decoded within 0.5 seconds",
    )
    assert type(error.value) is kind


def test_the_time_limit_is_one_of_each_medium(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "PATIENCE", 60.0)
    with Sandbox(replace(POLICY, max_decode_seconds=0.6), 1, MODULES) as hasty:
        for number in range(4):
            assert hasty.run("crash", b"work 0.25").facts["frames"] == 9, number
        assert hasty.run("crash", b"count").facts["frames"] == 1
        assert hasty.run("crash", b"count").facts["frames"] == 2  # all the while the same worker


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_who_ends_a_worker_from_outside_says_nothing_about_the_medium(
    sandbox: Sandbox, number: int, tmp_path: Path
) -> None:
    with pytest.raises(PassingError) as error:
        sandbox.run("crash", b"die %d" % number)
    assert (error.value.reason, "ended from outside" in error.value.message) == (
        "crash_crashed",
        True,
    )
    once = b"die %d " % number + bytes(tmp_path / "died")
    assert sandbox.run("crash", once).facts["frames"] == len(once)


def test_a_crash_of_its_own_does(sandbox: Sandbox) -> None:
    for data in (b"segfault", b"exit 3", b"die %d" % signal.SIGBUS, b"eat", b"close"):
        with pytest.raises(MediaError) as error:
            sandbox.run("crash", data)
        assert type(error.value) is MediaError, data


def test_workers_that_end_before_they_have_the_medium_say_nothing_about_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lost(*_: object) -> None:
        raise WorkerLostError("it closed its connection", "", dead=True)

    with Sandbox(POLICY, 1, MODULES) as sandbox:
        sandbox.run("crash", b"one")
        with monkeypatch.context() as patched:
            patched.setattr(WorkerProcess, "ask", lost)
            patched.setattr(Crew, "warm", lambda *_: None)
            with pytest.raises(PassingError, match="3 processes in a row ended before"):
                sandbox.run("crash", b"two")
        assert sandbox.run("crash", b"three").facts["frames"] == 5


def test_the_time_limit_ends_children_too(tmp_path: Path) -> None:
    written = tmp_path / "child"
    with Sandbox(replace(POLICY, max_decode_seconds=1.0), 1, MODULES) as hasty:
        assert refused(hasty, b"with-child " + bytes(written))[0] == "crash_timeout"
    assert all(eventually(lambda p=process: gone(p)) for process in members(written))


def test_what_is_printed_goes_nowhere_and_blocks_nobody(sandbox: Sandbox) -> None:
    assert sandbox.run("crash", b"say").facts["frames"] == 3


def test_a_worker_knows_no_secret_and_leaves_no_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HF_TOKEN", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "secret")
    with Sandbox(POLICY, 1, MODULES) as sandbox:
        sandbox.run("crash", b"litter")
        _, said = refused(sandbox, b"environment")
        crew = sandbox._crew
        assert crew is not None
        folder = Path(crew._folder)
        assert folder.is_dir()
    names = said.partition(" in ")[0].split(",")
    assert not [name for name in names if "TOKEN" in name or "KEY" in name]
    assert {"HOME", "PATH", "TMPDIR", "MALLOC_TRIM_THRESHOLD_"} <= set(names)
    assert said.endswith("in [] stdin b''")
    assert not folder.exists()


def test_a_crash_is_no_fault_of_what_was_decoded_before(sandbox: Sandbox) -> None:
    with Sandbox(POLICY, 1, MODULES) as one:
        one.run("crash", b"count")
        assert one.run("crash", b"count").facts["frames"] == 2  # the worker is reused
        assert one.run("crash", b"after").facts["frames"] == 5  # once more, in a fresh one
        for _ in range(6):
            one.run("crash", b"leak 150")  # 900 MB together: memory that is never given back


def test_a_worker_that_died_while_nobody_used_it_is_replaced() -> None:
    with Sandbox(POLICY, 1, MODULES) as sandbox:
        sandbox.run("crash", b"one")
        assert sandbox._crew is not None
        (worker,) = sandbox._crew._live
        worker.process.kill()
        assert eventually(worker.ended)
        assert sandbox.run("crash", b"two").facts["frames"] == 3


def test_a_worker_is_replaced_after_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transforms.media.sandbox.crew._RETIRED_AFTER", 3)
    with Sandbox(POLICY, 1, MODULES) as sandbox:
        counted = [sandbox.run("crash", b"count").facts["frames"] for _ in range(5)]
    assert counted == [1, 2, 3, 1, 2]


def test_many_threads_get_their_own_answers_in_order() -> None:
    items = [b"upper " + b"%d" % n * (n * 50) if n % 17 else b"segfault" for n in range(1, 36)]
    with Sandbox(POLICY, 2, MODULES) as sandbox:
        fates = list(sandbox.map("crash", items, ahead=5))
        with ThreadPoolExecutor(8) as pool:
            again = list(pool.map(lambda data: sandbox._fate("crash", data), items))
        assert sandbox._crew is not None
        assert len(sandbox._crew._live) <= 3  # the two at work, and one started ahead
    for fate, same, item in zip(fates, again, items, strict=True):
        if item == b"segfault":
            assert isinstance(fate, MediaError)
            assert isinstance(same, MediaError)
            assert fate.reason == same.reason == "crash_crashed"
        else:
            assert fate == same
            assert isinstance(fate, Product)
            assert fate.data == item[6:].upper()


def test_map_takes_no_more_than_it_may_ahead(sandbox: Sandbox) -> None:
    taken = []

    def items() -> Iterator[bytes]:
        for number in range(50):
            taken.append(number)
            yield b"x"

    fates = sandbox.map("crash", items(), ahead=4)
    next(fates)
    assert len(taken) == 4
    fates.close()  # type: ignore[attr-defined]
    assert len(taken) == 4


def test_what_is_too_large_is_not_even_sent() -> None:
    policy = MediaPolicy(image=ImagePolicy(max_bytes=10))
    with Sandbox(policy) as sandbox:
        with pytest.raises(MediaError, match="11 bytes, the limit is 10") as error:
            sandbox.run("image", b"x" * 11)
        assert error.value.reason == "image_too_large"
        assert sandbox._crew is None


def test_without_workers_the_errors_are_the_same() -> None:
    with Sandbox(POLICY, 0, MODULES) as sandbox:
        assert sandbox.run("crash", b"hello").facts["frames"] == 5
        assert refused(sandbox, b"refuse this") == ("crash_format", "this")
        assert refused(sandbox, b"fault")[0] == "crash_fault"
        assert [type(fate) for fate in sandbox.map("crash", [b"a", b"refuse b"])] == [
            Product,
            MediaError,
        ]


def test_libraries_that_are_missing_are_no_mediums_fault() -> None:
    with Sandbox(POLICY, 1, {"image": "no_such_module"}) as sandbox:
        with pytest.raises(BuildError, match=r"modality image can't be loaded .*no_such_mod"):
            sandbox.run("image", b"x")
        with pytest.raises(ValueError, match="no modality 'text'"):
            sandbox.run("text", b"x")


def test_workers_that_cannot_start_end_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transforms.media.sandbox.process._MODULE", "no_such_worker")
    with (
        Sandbox(POLICY, 1, MODULES) as sandbox,
        pytest.raises(BuildError, match=r"can't be started here: exit 1, .*no_such_worker"),
    ):
        sandbox.run("crash", b"x")


def test_closing_ends_what_is_at_work_and_leaks_nothing(tmp_path: Path) -> None:
    numbers = Path("/dev/fd")
    before = len(list(numbers.iterdir()))
    written = tmp_path / "child"
    sandbox = Sandbox(MediaPolicy(max_decode_seconds=60), 2, MODULES)
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(sandbox.run, "crash", b"with-child " + bytes(written))
        processes = members(written)
        sandbox.close()
        with pytest.raises(SandboxClosedError):
            busy.result(timeout=20)
    assert all(eventually(lambda p=process: gone(p)) for process in processes)
    with pytest.raises(SandboxClosedError):
        sandbox.run("crash", b"x")
    sandbox.close()
    assert len(list(numbers.iterdir())) == before


def test_a_sandbox_that_is_forgotten_is_ended() -> None:
    sandbox: Sandbox | None = Sandbox(POLICY, 1, MODULES)
    assert sandbox is not None
    sandbox.run("crash", b"x")
    assert sandbox._crew is not None
    (worker,) = sandbox._crew._live
    process, folder = worker.process.pid, Path(sandbox._crew._folder)
    del worker, sandbox
    assert eventually(lambda: gone(process))
    assert not folder.exists()
