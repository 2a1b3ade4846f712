"""What the scripted server does with a call: a pure function of the question and the attempt."""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class Kind(enum.Enum):
    """One way to treat a call; the first half are answers, and billed."""

    ANSWER = "answer"
    WRONG_JSON = "wrong_json"  # a JSON value that the schema refuses
    NOT_JSON = "not_json"
    FENCED = "fenced"  # the value in prose and a code fence
    REFUSAL = "refusal"
    FILTERED = "filtered"  # finish_reason=content_filter
    LENGTH = "length"
    EMPTY = "empty"
    NO_USAGE = "no_usage"
    DRIP = "drip"  # the whole answer, a few bytes at a time
    HALF_BODY = "half_body"
    HANG = "hang"  # answered for the bill, never sent
    HTML = "html"  # 200 with a page
    ENDLESS = "endless"  # a body without end
    RESET = "reset"
    LIMITED = "limited"  # 429 with Retry-After
    LIMITED_BARE = "limited_bare"  # 429 without
    BROKE = "broke"  # 429 insufficient_quota
    ERROR_500 = "error_500"
    ERROR_503 = "error_503"
    BAD_REQUEST = "bad_request"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"


#: What a provider would charge for: it has made the tokens.
BILLED = frozenset(list(Kind)[: list(Kind).index(Kind.HTML)])
#: Faults that another attempt mends.
PASSING = (
    Kind.LIMITED,
    Kind.LIMITED_BARE,
    Kind.ERROR_500,
    Kind.ERROR_503,
    Kind.RESET,
    Kind.HALF_BODY,
    Kind.HANG,
    Kind.HTML,
    Kind.DRIP,
)
#: Faults that are outcomes.
LASTING = (Kind.REFUSAL, Kind.FILTERED, Kind.LENGTH, Kind.EMPTY, Kind.WRONG_JSON, Kind.NOT_JSON)


@dataclass(frozen=True)
class Behaviour:
    """A kind, and how long it takes."""

    kind: Kind = Kind.ANSWER
    seconds: float = 0.0


@dataclass(frozen=True)
class Script:
    """Behaviours by question and attempt; what is not scripted is answered, or a drawn fault.

    `calls` maps a question's tag to what its 1st, 2nd, ... call meets (the last one stays). With
    `fault_share`, that share of all other calls meets a fault of `faults`, drawn by a hash of tag
    and attempt.
    """

    calls: Mapping[str, Sequence[Kind]] = field(default_factory=dict)
    fault_share: float = 0.0
    faults: tuple[Kind, ...] = PASSING
    #: Share of the questions that meet a lasting fault, the same one at each call.
    stubborn: float = 0.0
    latency: float = 0.0
    retry_after: str = "0"
    models: tuple[str, ...] | None = ("scripted",)
    seed: int = 0
    #: Connections are closed after each answer.
    close: bool = False
    #: Usage is the worst there is: a token a byte, all overhead, all of the output.
    worst_usage: bool = False

    def behaviour(self, tag: str, attempt: int) -> Behaviour:
        """What the `attempt`-th call (from 1) of a question meets."""
        planned = self.calls.get(tag)
        if planned:
            return Behaviour(planned[min(attempt, len(planned)) - 1], self.latency)
        if self.stubborn:
            drawn = hashlib.sha256(f"{self.seed}/stubborn/{tag}".encode()).digest()
            if int.from_bytes(drawn[:4], "big") < self.stubborn * 2**32:
                return Behaviour(LASTING[drawn[4] % len(LASTING)], self.latency)
        if self.fault_share == 0:
            return Behaviour(Kind.ANSWER, self.latency)
        digest = hashlib.sha256(f"{self.seed}/{tag}/{attempt}".encode()).digest()
        if int.from_bytes(digest[:4], "big") >= self.fault_share * 2**32:
            return Behaviour(Kind.ANSWER, self.latency)
        return Behaviour(self.faults[digest[4] % len(self.faults)], self.latency)

    def to_json(self) -> str:
        """For a server in a process of its own."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        plain["calls"] = {tag: [kind.value for kind in kinds] for tag, kinds in self.calls.items()}
        plain["faults"] = [kind.value for kind in self.faults]
        return json.dumps(plain)

    @classmethod
    def from_json(cls, text: str) -> Script:
        """The reverse of `to_json`."""
        plain = json.loads(text)
        plain["calls"] = {
            tag: [Kind(kind) for kind in kinds] for tag, kinds in plain["calls"].items()
        }
        plain["faults"] = tuple(Kind(kind) for kind in plain["faults"])
        plain["models"] = None if plain["models"] is None else tuple(plain["models"])
        return cls(**plain)


def verdict_of(tag: str) -> str:
    """The answer to a question, so that a test can tell whose answer it got."""
    return "ab"[hashlib.sha256(tag.encode()).digest()[0] % 2]
