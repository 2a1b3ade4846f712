"""The record format of the UnifiedReward re-releases (CodeGoat24): comparisons as conversations.

A record is ``{images, conversations, prompt?, id?}``. `images` names what both sides show, one
picture a side or the frames of two clips: the first half is response 1, the second half response
2. A `human` turn asks, a `gpt` turn answers with a verdict in words ("Image 2 is better"). Later
files of these corpora repeat every record with the sides swapped (``*_rev``), and may be meant
for LLaMA-Factory, which reads `messages` of ``{role, content}`` too.

The wording of question and verdict is that of the project's published inference scripts
(CodeGoat24/UnifiedReward, ``inference_llava/*/pair_rank_*.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Final, NoReturn

from schemas.ids import content_key
from schemas.media import MediaRef
from transforms.sources.adapter import need, text_of
from transforms.sources.batch import Batch
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Dropped, Reject, Response, Turn
from transforms.sources.grouped import GroupedAdapter, Member
from transforms.sources.pairing import Verdict, settled

#: The columns of this format.
COLUMNS: Final = (
    Column.of("images", "list"),
    Column(("conversations", "messages"), "list"),
    Column.of("prompt", "text", required=False),
)

_ANSWER: Final = re.compile(r"<answer>(.*?)</answer>", re.DOTALL | re.IGNORECASE)
_ANSWER_END: Final = re.compile(r"</answer>", re.IGNORECASE)
_BETTER: Final = re.compile(r"\b(?:image|video)\s+([12])\s+is\s+better\b", re.IGNORECASE)
_EQUAL: Final = re.compile(r"\bboth\s+(?:images|videos)\s+are\s+equally\b", re.IGNORECASE)
#: Words that turn what follows them in a sentence into something else than a verdict.
_UNSURE: Final = re.compile(
    r"\b(?:not|never|nothing|neither|nor|if|whether|unless)\b|n't\b", re.IGNORECASE
)
_SENTENCE: Final = re.compile(r"[^.!?\n]+")
#: Where a question quotes the prompt; the last bracket closes it, a prompt may hold others.
_CAPTION: Final = re.compile(r"Text Caption:\s*\[")

_SIDES: Final[dict[str, Verdict]] = {"1": "first", "2": "second"}
_OTHER: Final[dict[Verdict, Verdict]] = {"first": "second", "second": "first", "tie": "tie"}


@dataclass(frozen=True)
class Comparison:
    """What one record shows and says. `first` and `second` are file names, equally many."""

    prompt: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    preferred: Verdict

    @property
    def swapped(self) -> Comparison:
        """The same comparison with the sides exchanged."""
        return Comparison(self.prompt, self.second, self.first, _OTHER[self.preferred])

    @property
    def pair(self) -> str:
        """A digest of prompt and sides in either order: a record and its reversed twin share it."""
        sides = sorted([self.first, self.second])
        return content_key(repr((self.prompt, *sides)))


def comparison(record: Mapping[str, Any]) -> Comparison:
    """The comparison of a record.

    Raises:
        Reject: `missing_field` or `not_text` for the prompt; and as `halves` and `verdict_of`.
    """
    question = _turn(record, ("human", "user"))
    answer = _turn(record, ("gpt", "assistant"))
    first, second = halves(record)
    return Comparison(prompt_of(record, question), first, second, verdict_of(answer))


def halves(record: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The file names of response 1 and of response 2, equally many.

    Raises:
        Reject: `missing_field` without `images`; `malformed_images` when they are not a list of
            names that can be halved.
    """
    names = record.get("images")
    need(names is not None, "missing_field", "images is missing or null")
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise Reject("malformed_images", f"images is not a list of names: {_short(names)}")
    need(
        len(names) >= 2 and len(names) % 2 == 0,
        "malformed_images",
        f"{len(names)} images cannot be halved into two responses",
    )
    half = len(names) // 2
    return tuple(names[:half]), tuple(names[half:])


def prompt_of(record: Mapping[str, Any], question: str) -> str:
    """The prompt: the record's own, or the one that the question quotes as its text caption.

    Raises:
        Reject: `missing_field` when neither is there, `not_text`.
    """
    if record.get("prompt") is not None:
        return text_of(record, "prompt")
    end = question.rfind("]")
    caption = _CAPTION.search(question, 0, max(end, 0))
    if caption is None:
        raise Reject("missing_field", "no prompt, and the question quotes no text caption")
    return question[caption.end() : end]


def verdict_of(answer: str) -> Verdict:
    """The verdict in an answer; of an answer with reasoning, what its ``<answer>`` tags enclose.

    Raises:
        Reject: `label_missing` without a verdict; `label_ambiguous` with more than one, or one in
            a sentence that negates or doubts it.
    """
    # Behind the last end no beginning has one: each would be followed to the end of the text.
    ends = [match.end() for match in _ANSWER_END.finditer(answer)]
    tagged = _ANSWER.findall(answer, 0, ends[-1]) if ends else []
    text = "\n".join(tagged) if tagged else answer
    found: set[Verdict] = set()
    for sentence in _SENTENCE.findall(text):
        doubt = _UNSURE.search(sentence)
        for match in (*_BETTER.finditer(sentence), *_EQUAL.finditer(sentence)):
            if doubt is not None and doubt.end() <= match.start():
                what = f"the verdict is negated or in doubt: {_short(sentence.strip())}"
                raise Reject("label_ambiguous", what)
            found.add(_SIDES[match.group(1)] if match.re is _BETTER else "tie")
    need(bool(found), "label_missing", f"no verdict in the answer {_short(answer)}")
    need(len(found) == 1, "label_ambiguous", f"more than one verdict in {_short(answer)}")
    return found.pop()


def is_reversed(member: Member) -> bool:
    """Whether a record says itself that it is a reversed copy: by its id or its file's name."""
    stem = member.place.file.rsplit("/", 1)[-1].split(".", 1)[0]
    return stem.endswith("_rev") or str(member.record.get("id", "")).endswith("_rev")


class UnifiedRewardAdapter(GroupedAdapter):
    """Base of adapters of this format; a leaf writes `media` (and `check`, to ask for more).

    Records of one pair are brought together. One of them gives the pair: the original rather than
    one called ``_rev``. The others are dropped and counted, as `reversed_twin` where the sides
    are swapped, else as `repeated_record`. Where they contradict each other nobody can say which
    is right: all are dead letters, `contradicting_verdicts`.
    """

    RECORD_SUFFIXES: ClassVar[tuple[str, ...]] = (".json",)
    COLUMNS: ClassVar[tuple[Column, ...]] = COLUMNS

    def media(self, names: Sequence[str], member: Member) -> tuple[MediaRef, ...]:
        """Where the named files of one side lie.

        Raises:
            Reject: they can't be found by these names.
        """
        raise TypeError(f"{type(self).__name__} does not say where its media lie")

    def check(self, record: Mapping[str, Any]) -> None:
        """Refuse what is no comparison."""
        comparison(record)

    def group(self, record: Mapping[str, Any]) -> str:
        """The pair, whichever side is shown first."""
        return comparison(record).pair

    def settle(self, batch: Batch, members: Sequence[Member]) -> None:
        """One record of the pair is used, the others are dropped or, in dispute, all refused."""
        kept, *others = sorted(members, key=is_reversed)
        shown = comparison(kept.record)
        said = [comparison(member.record) for member in others]
        if not all(other in (shown, shown.swapped) for other in said):
            batch.add_group(members, partial(_refuse, len(members)))
            return
        batch.add_group([kept], partial(self.group_pairs, [kept]))
        for member, other in zip(others, said, strict=True):
            rule = "repeated_record" if other.first == shown.first else "reversed_twin"
            batch.add_group([member], partial(_drop, rule))

    def group_pairs(self, members: Sequence[Member]) -> Iterable[Draft]:
        """The pair that one record gives."""
        (member,) = members
        shown = comparison(member.record)
        preferred = settled(shown.preferred, self.corpus.pairs)
        yield Draft(
            key=shown.pair,
            prompt=(Turn("user", shown.prompt),),
            first=Response(media=self.media(shown.first, member)),
            second=Response(media=self.media(shown.second, member)),
            preferred=preferred,
            where=str(member.place),
        )


def _refuse(records: int) -> NoReturn:
    raise Reject("contradicting_verdicts", f"{records} records of this pair contradict each other")


def _drop(rule: str) -> NoReturn:
    raise Dropped(rule)


def _turn(record: Mapping[str, Any], speakers: Sequence[str]) -> str:
    """What the one turn of a speaker says, whose name may be any of `speakers`.

    Raises:
        Reject: `missing_field`, `malformed_conversation`.
    """
    turns = record.get("conversations", record.get("messages"))
    need(turns is not None, "missing_field", "conversations is missing or null")
    if not isinstance(turns, list) or not all(isinstance(turn, Mapping) for turn in turns):
        raise Reject("malformed_conversation", f"not a list of turns: {_short(turns)}")
    said = [
        turn.get("value", turn.get("content"))
        for turn in turns
        if turn.get("from", turn.get("role")) in speakers
    ]
    if len(said) != 1 or not isinstance(said[0], str):
        what = f"expected one turn of {speakers[0]!r} with text, found {_short(said)}"
        raise Reject("malformed_conversation", what)
    return said[0]


def _short(value: object, most: int = 200) -> str:
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}..."
