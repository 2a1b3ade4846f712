"""What a read costs: how many requests, how many at once, and which bytes move."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.hub_server import Fault, FaultKind, FaultPlan, HubServer
from tests.hub_server.in_use import REPO, put
from tests.hub_server.messages import Request, Response
from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import reading
from transforms.beamkit.hub.session import CONNECTIONS

KB = 1024
ROWS = random.Random(7).randbytes(900 * KB)


def asked(hub: HubServer, method: str = "GET") -> list[tuple[int, int]]:
    """The ranges that were asked for, in order of position."""
    found = [line.range for line in hub.log.entries(path="rows", method=method)]
    spans = [(text or "bytes=0--1").removeprefix("bytes=").split("-", 1) for text in found]
    return sorted((int(start), int(stop) + 1) for start, stop in spans)


@pytest.fixture
def rows(hub_in_use: HubServer) -> str:
    """The address of `ROWS`, whose repository is listed already."""
    path = f"{put(hub_in_use, {'rows.bin': ROWS, 'empty.bin': b''})}/rows.bin"
    assert files.exists(path)
    hub_in_use.log.clear()
    return path


def test_a_small_read_fetches_little_and_nothing_twice(hub_in_use: HubServer, rows: str) -> None:
    for _ in range(2):
        with files.open_read(rows) as stream:
            assert stream.read(512) == ROWS[:512]
            stream.seek(-4, 2)
            assert stream.read() == ROWS[-4:]
    assert asked(hub_in_use) == [(0, 16 * KB), (len(ROWS) - 64 * KB, len(ROWS))]
    assert len(hub_in_use.log.entries("hub", method="HEAD")) == 1


def test_reads_in_a_row_take_ever_longer_requests(hub_in_use: HubServer, rows: str) -> None:
    with files.open_read(rows) as stream:
        while stream.read(1_000):
            pass
    spans = asked(hub_in_use)
    assert [stop - start for start, stop in spans[:5]] == [16 * KB * 2**n for n in range(5)]
    assert sum(stop - start for start, stop in spans) == len(ROWS)


def test_a_read_fetches_no_byte_that_is_there(hub_in_use: HubServer, rows: str) -> None:
    with files.open_read(rows) as stream:
        stream.seek(100 * KB)
        stream.read(10)
        hub_in_use.log.clear()
        stream.seek(90 * KB)
        assert stream.read(40 * KB) == ROWS[90 * KB : 130 * KB]
    assert asked(hub_in_use) == [(90 * KB, 100 * KB), (116 * KB, 132 * KB)]


def test_announced_neighbours_come_together(hub_in_use: HubServer, rows: str) -> None:
    wanted = [(0, 50 * KB), (51 * KB, 99 * KB), (400 * KB, 401 * KB)]
    with files.open_read(rows) as stream:
        files.announce(stream, wanted)
        files.announce(stream, wanted)  # they are under way: not asked for again
        for start, stop in wanted:
            stream.seek(start)
            assert stream.read(stop - start) == ROWS[start:stop]
    assert asked(hub_in_use) == [(0, 99 * KB), (400 * KB, 401 * KB)]


def test_an_announcement_takes_what_lies_in_the_cache_from_there(
    hub_in_use: HubServer, rows: str
) -> None:
    with files.open_read(rows) as stream:
        stream.seek(200 * KB)
        stream.read(1)
    hub_in_use.log.clear()
    with files.open_read(rows) as stream:
        files.announce(stream, [(100 * KB, 300 * KB), (-5, 0), (len(ROWS) + 5, len(ROWS) + 9)])
        stream.seek(100 * KB)
        assert stream.read(200 * KB) == ROWS[100 * KB : 300 * KB]
    assert asked(hub_in_use) in (
        [(100 * KB, 300 * KB)],  # fetching a little of it again is cheaper than two requests
        [(100 * KB, 200 * KB), (216 * KB, 300 * KB)],
    )
    assert hub_in_use.log.bytes_sent("cdn") <= 1.1 * (200 - 16) * KB


def test_what_was_announced_and_passed_over_holds_nothing_up(
    hub_in_use: HubServer, rows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_AHEAD", 3)
    wanted = [(n * 20 * KB, n * 20 * KB + 100) for n in range(40)]
    with files.open_read(rows) as stream:
        assert isinstance(stream, reading.RangedFile)
        files.announce(stream, wanted)
        order = [39, *range(20, 30), 0, 39, 5, 1, 20]
        for n in order:
            stream.seek(wanted[n][0])
            assert stream.read(100) == ROWS[wanted[n][0] : wanted[n][1]]
    spans = asked(hub_in_use)
    assert len(spans) == len(set(spans)), "nothing is asked for twice"
    assert set(spans) <= set(wanted)


def test_a_file_of_no_bytes_takes_no_request(hub_in_use: HubServer, rows: str) -> None:
    empty = rows.replace("rows.bin", "empty.bin")
    for opened in (files.open_read, files.open_whole, files.open_stream):
        with opened(empty) as stream:
            assert stream.read() == b""
    with files.open_read(empty) as stream:
        files.announce(stream, [(0, 10)])
        assert (stream.seek(0, 2), stream.read(5)) == (0, b"")
    assert hub_in_use.log.entries() == []


def test_a_drop_costs_only_what_did_not_arrive(hub_in_use: HubServer, rows: str) -> None:
    hub_in_use.faults.script("rows", [Fault.drop(0.5)] * 4)
    assert files.read_bytes(rows) == ROWS
    assert hub_in_use.faults.pending == 0
    assert hub_in_use.log.bytes_sent("cdn") == len(ROWS)


def test_drops_without_end_are_survived_while_bytes_come(
    hub_in_use: HubServer, rows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transforms.beamkit.hub.patience.PATIENCE.retries", 1)
    hub_in_use.faults.script("rows", [Fault.drop(0.2)] * 12, host="cdn")
    assert files.read_bytes(rows) == ROWS
    assert hub_in_use.faults.pending == 0


def test_an_address_that_has_expired_is_asked_for_anew(hub_in_use: HubServer, rows: str) -> None:
    with files.open_read(rows) as stream:
        assert stream.read(10) == ROWS[:10]
        hub_in_use.advance_clock(4_000)
        stream.seek(400 * KB)
        assert stream.read(10) == ROWS[400 * KB : 400 * KB + 10]
    assert len(hub_in_use.log.entries("hub", method="HEAD")) == 2


def test_a_storage_that_is_gone_is_asked_for_anew(
    hub_in_use: HubServer, rows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with files.open_read(rows) as stream, HubServer() as other:
        stream.read(1)
        other.store.repos |= hub_in_use.store.repos
        other.store.objects |= hub_in_use.store.objects
        hub_in_use._cdn_listener.stop()
        monkeypatch.setattr(hub_in_use._signer, "endpoint", other.cdn_endpoint)
        stream.seek(400 * KB)
        assert stream.read(10) == ROWS[400 * KB : 400 * KB + 10]
        assert len(other.log.entries("cdn")) == 1


@pytest.mark.parametrize("kind", [FaultKind.STALE_ETAG, FaultKind.HTML_PAGE, FaultKind.ERROR_503])
def test_a_wrong_word_on_a_file_is_asked_for_again(
    hub_in_use: HubServer, rows: str, kind: FaultKind
) -> None:
    hub_in_use.faults.script("rows", [kind, kind], host="hub", method="HEAD")
    assert files.read_bytes(rows) == ROWS
    assert hub_in_use.faults.pending == 0


def test_failures_are_counted_once(
    hub_in_use: HubServer, rows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transforms.beamkit.hub.patience.PATIENCE.retries", 3)
    hub_in_use.faults.script("rows", [Fault.error(503)] * 99)
    with files.open_read(rows) as stream, pytest.raises(BuildError, match="status 503"):
        stream.read(1)
    assert len(hub_in_use.log.entries(path="rows")) == 4


def test_small_files_that_are_redirected_on_the_hub_itself(
    monkeypatch: pytest.MonkeyPatch, hub_in_use: HubServer
) -> None:
    with HubServer(cache_redirect=True) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        path = f"{put(server, {'rows.json': ROWS[:50_000]})}/rows.json"
        with files.open_read(path) as stream:
            files.announce(stream, [(0, 100), (40_000, 40_100)])
            stream.seek(40_000)
            assert stream.read(100) == ROWS[40_000:40_100]
            stream.seek(0)
            assert stream.read(100) == ROWS[:100]
        assert server.log.entries("cdn") == []
        assert server.log.bytes_sent(path="resolve-cache") == 200
        assert [one.method for one in server.log.entries(path="/resolve/")] == ["HEAD"]


def test_a_renamed_repository_is_read_by_its_old_name(hub_in_use: HubServer) -> None:
    root = put(hub_in_use, {"rows.bin": ROWS, "a.json": b"{}"})
    hub_in_use.store.rename(REPO, "eve/robins")
    listed = [path for path, _ in files.matching(f"{root}/*")]
    assert listed == [f"{root}/a.json", f"{root}/rows.bin"]
    assert files.read_bytes(f"{root}/a.json") == b"{}"
    with files.open_read(f"{root}/rows.bin") as stream:
        stream.seek(5_000)
        assert stream.read(5) == ROWS[5_000:5_005]


@dataclass
class Gate(FaultPlan):
    """Holds requests back until one more than allowed is there, or it is clear that none comes."""

    most: int = 0
    _there: threading.Condition = field(default_factory=threading.Condition)
    _held: int = 0
    _open: bool = False

    def choose(self, request: Request, response: Response) -> Fault | None:
        with self._there:
            self._held += 1
            self.most = max(self.most, self._held)
            self._there.notify_all()
            if not self._open:
                self._there.wait_for(lambda: self._open or self._held >= CONNECTIONS, timeout=60)
                self._there.wait_for(lambda: self._open or self._held > CONNECTIONS, timeout=0.3)
                self._open = True
                self._there.notify_all()
            self._held -= 1
        return None


def test_so_many_requests_at_once_and_no_more(hub_in_use: HubServer) -> None:
    names = [f"{n}.bin" for n in range(12)]
    root = put(hub_in_use, dict.fromkeys(names[:6], ROWS) | {n: n.encode() for n in names[6:]})
    with ThreadPoolExecutor(12) as readers:

        def ranges(name: str) -> bytes:
            with files.open_read(f"{root}/{name}") as stream:
                files.announce(stream, [(n * 90 * KB, n * 90 * KB + 50) for n in range(1, 10)])
                stream.seek(90 * KB)
                return stream.read(10)

        for name in names[:6]:  # where they are is known, so all their requests are for bytes
            with files.open_read(f"{root}/{name}") as stream:
                stream.read(1)
        hub_in_use.faults = gate = Gate()
        wholes = [readers.submit(files.read_bytes, f"{root}/{name}") for name in names[6:]]
        others: Sequence[bytes] = list(readers.map(ranges, names[:6]))
        assert [one.result() for one in wholes] == [name.encode() for name in names[6:]]
    assert others == [ROWS[90 * KB : 90 * KB + 10]] * 6
    assert gate.most == CONNECTIONS


def test_a_file_is_asked_for_once_however_many_threads_read_it(
    hub_in_use: HubServer, rows: str
) -> None:
    def part(n: int) -> bytes:
        with files.open_read(rows) as stream:
            stream.seek(n * 50 * KB)
            return stream.read(10)

    with ThreadPoolExecutor(8) as readers:
        parts = list(readers.map(part, range(16)))
    assert parts == [ROWS[n * 50 * KB : n * 50 * KB + 10] for n in range(16)]
    assert len(hub_in_use.log.entries("hub", method="HEAD")) == 1


def test_a_repository_is_listed_once_however_many_threads_ask(hub_in_use: HubServer) -> None:
    root = put(hub_in_use, {"a.json": b"{}"})
    with ThreadPoolExecutor(8) as readers:
        assert all(readers.map(files.exists, [f"{root}/a.json"] * 8))
    assert len(hub_in_use.log.entries(path="/tree/")) == 1


def test_a_long_listing_comes_in_pages_each_asked_for_until_it_comes(
    monkeypatch: pytest.MonkeyPatch, hub_in_use: HubServer, tmp_path: Path
) -> None:
    with HubServer(page_size=7) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        names = [f"d/{n:03}.json" for n in range(50)]
        root = put(server, dict.fromkeys(names, b"{}"))
        server.faults = FaultPlan(2, 0.6, [Fault.error(502), Fault.drop(0.5), Fault.rate_limit()])
        assert [path for path, _ in files.matching(f"{root}/d/*")] == [f"{root}/{n}" for n in names]
        answers = server.log.entries(path="/tree/")
        assert sum(one.fault is None for one in answers) == 8
        assert sum(one.fault is not None for one in answers) > 5
