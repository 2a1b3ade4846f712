"""Which faults a server makes: scripted ones, and seeded ones that a retry gets past."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tests.hub_server.log import Host
from tests.hub_server.messages import Request, Response


class FaultKind(StrEnum):
    """What goes wrong."""

    DROP = "drop"  # the connection closes in mid-body
    RATE_LIMIT = "rate-limit"  # 429
    ERROR_500 = "500"
    ERROR_502 = "502"
    ERROR_503 = "503"
    ERROR_504 = "504"
    WRONG_LENGTH = "wrong-length"  # Content-Length says more than is sent
    WRONG_RANGE = "wrong-range"  # 206 with a range that was not asked for
    RANGE_IGNORED = "range-ignored"  # 200 and the whole file instead of a 206
    STALE_ETAG = "stale-etag"  # the ETag of other content
    CORRUPT = "corrupt"  # the right length, one byte wrong
    EXPIRED = "expired"  # the CDN refuses the signature
    HTML_PAGE = "html-page"  # 200 with the page of some proxy
    HANG_UP = "hang-up"  # the connection closes while the client still sends


#: Faults of what is sent to a client; the other one is of what a client sends.
OF_ANSWERS = tuple(kind for kind in FaultKind if kind is not FaultKind.HANG_UP)


@dataclass(frozen=True)
class Fault:
    """One fault.

    `fraction` says where in the body it strikes. With `before` the request is not carried out;
    without, it is, and only its answer is spoilt. The rest is for a rate limit: with `ratelimit`
    the IETF headers are sent too, and name `retry_after` as the time until the reset.
    """

    kind: FaultKind
    fraction: float = 0.5
    retry_after: int = 0
    ratelimit: bool = False
    before: bool = False

    @staticmethod
    def hang_up(fraction: float = 0.5) -> Fault:
        return Fault(FaultKind.HANG_UP, fraction, before=True)

    @staticmethod
    def drop(fraction: float = 0.5) -> Fault:
        return Fault(FaultKind.DROP, fraction)

    @staticmethod
    def rate_limit(retry_after: int = 0, *, ratelimit: bool = False) -> Fault:
        return Fault(FaultKind.RATE_LIMIT, retry_after=retry_after, ratelimit=ratelimit)

    @staticmethod
    def error(status: int = 500, *, before: bool = False) -> Fault:
        return Fault(FaultKind(str(status)), before=before)

    @staticmethod
    def corrupt(fraction: float = 0.5) -> Fault:
        return Fault(FaultKind.CORRUPT, fraction)

    def fits(self, request: Request, response: Response, *, scripted: bool) -> bool:
        """Whether this answer can have the fault.

        At random only the bytes of files are corrupted: nothing tells a client about the others.
        """
        if self.before:
            return False
        sent = response.length if request.method != "HEAD" else 0
        match self.kind:
            case FaultKind.DROP | FaultKind.WRONG_LENGTH:
                return sent > 0
            case FaultKind.CORRUPT:
                return sent > 0 and (scripted or response.is_file)
            case FaultKind.RANGE_IGNORED:
                return response.status == 206
            case FaultKind.WRONG_RANGE:
                return response.status == 206 and (response.length > 1 or response.start > 0)
            case FaultKind.STALE_ETAG:
                return not {"ETag", "X-Linked-ETag"}.isdisjoint(response.headers)
            case FaultKind.EXPIRED:
                return request.host == "cdn"
        return True

    def forestalls(self, request: Request) -> bool:
        """Whether this request can be kept from being carried out by the fault."""
        return self.before and (self.kind != FaultKind.HANG_UP or bool(request.body.length))


@dataclass
class _Script:
    path: str
    host: Host | None
    method: str | None
    faults: list[Fault]

    def matches(self, request: Request) -> bool:
        return (
            self.path in request.path
            and self.host in (None, request.host)
            and self.method in (None, request.method)
        )


@dataclass
class FaultPlan:
    """Decides on the fault of each answer. Safe for threads.

    At random it depends only on the seed, the host, the method, the path, the range and how often
    these were asked for, so it does not matter how requests for different things interleave, ranges
    of one file among them. No such request gets more than `most_in_a_row` random faults one after
    another.
    """

    seed: int = 0
    rate: float = 0.0
    kinds: Sequence[Fault | FaultKind] = OF_ANSWERS
    most_in_a_row: int = 2
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _asked: Counter[str] = field(default_factory=Counter, init=False, repr=False)
    _in_a_row: Counter[str] = field(default_factory=Counter, init=False, repr=False)
    _scripts: list[_Script] = field(default_factory=list, init=False, repr=False)

    def script(
        self,
        path: str,
        faults: Sequence[Fault | FaultKind],
        *,
        host: Host | None = None,
        method: str | None = None,
    ) -> None:
        """Make these faults, in order, on requests with `path` in their decoded path.

        A fault waits for an answer that can have it: one in the body passes a HEAD by.
        """
        with self._lock:
            self._scripts.append(_Script(path, host, method, [_fault(one) for one in faults]))

    @property
    def pending(self) -> int:
        """How many scripted faults were not made yet."""
        with self._lock:
            return sum(len(script.faults) for script in self._scripts)

    def choose_before(self, request: Request) -> Fault | None:
        """The fault that keeps this request from being carried out."""
        with self._lock:
            scripted = self._scripted(request, lambda fault: fault.forestalls(request))
            fitting = [one for one in map(_fault, self.kinds) if one.forestalls(request)]
            return scripted or self._at_random(_named(request), fitting, before=True)

    def choose(self, request: Request, response: Response) -> Fault | None:
        """The fault of this answer."""
        with self._lock:
            scripted = self._scripted(
                request, lambda fault: fault.fits(request, response, scripted=True)
            )
            fitting = [
                one
                for one in map(_fault, self.kinds)
                if one.fits(request, response, scripted=False)
            ]
            return scripted or self._at_random(_named(request), fitting)

    def _scripted(self, request: Request, fits: Callable[[Fault], bool]) -> Fault | None:
        for script in self._scripts:
            if script.faults and script.matches(request) and fits(script.faults[0]):
                return script.faults.pop(0)
        return None

    def _at_random(
        self, key: str, fitting: Sequence[Fault], *, before: bool = False
    ) -> Fault | None:
        if not self.rate:
            return None
        drawn = f"before {key}" if before else key
        number = self._asked[drawn]
        self._asked[drawn] += 1
        digest = hashlib.sha256(f"{self.seed} {number} {drawn}".encode()).digest()
        chance, choice = (int.from_bytes(part) for part in (digest[:8], digest[8:16]))
        struck = chance / 2**64 < self.rate and self._in_a_row[key] < self.most_in_a_row
        if not (struck and fitting):
            if not before:  # its answer may still be spoilt
                self._in_a_row[key] = 0
            return None
        self._in_a_row[key] += 1
        return fitting[choice % len(fitting)]


def _named(request: Request) -> str:
    asked = request.headers.get("Range", "")
    return f"{request.host} {request.method} {request.path} {asked}".rstrip()


def _fault(fault: Fault | FaultKind) -> Fault:
    return fault if isinstance(fault, Fault) else Fault(fault)
