"""Proposals: the generator writes criteria that tell two responses apart.

What a criterion is follows the guideline of Omni-RewardBench (arXiv 2510.23451, section 4): one
full English sentence about one concrete dimension that a person can check.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.tasks import TASKS
from transforms.measures.sides import does_name_side
from transforms.relabel.llm.question import Question
from transforms.relabel.protocol.material import Order, Shown, mark_of, material, sides
from transforms.relabel.protocol.prompts import prompt
from transforms.relabel.settings import Propose

PROPOSAL_JSON: Final = {
    "type": "object",
    "properties": {
        "criteria": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "criterion": {"type": "string"},
                    "prefers": {"type": "string", "enum": ["first", "second"]},
                },
                "required": ["criterion", "prefers"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["criteria"],
    "additionalProperties": False,
}

#: What a response is called, and a criterion as one could be, by modality.
_NOUNS: Final = {"text": "response", "image": "image", "video": "video", "audio": "audio clip",
                 "mesh": "3D model"}  # fmt: skip
_EXAMPLES: Final = {
    "text": "The response should explain every technical term in plain words before using it.",
    "image": "The image should place its main subject in the centre of a plain background.",
    "video": "The video should keep the camera still while the subject moves through the scene.",
    "audio": "The audio clip should keep the background noise clearly quieter than the main sound.",
    "mesh": "The 3D model should be complete on all sides, without holes or flat patches.",
}

_WORD: Final = re.compile(r"\w+(?:['’-]\w+)*|[^\w\s]")
#: A criterion that speaks of the other response makes no sense beside other pairs; one that names a
#: side (`measures.sides`) is taken out by the row rules later: judges would be paid for nothing.
_OTHER: Final = re.compile(
    r"\bother\s+(?:response|answer|image|picture|video|clip|one)\b"
    r"|\bcompared (?:to|with) the other\b",
    re.IGNORECASE,
)
_EMPTY: Final = re.compile(
    r"\bis better\b|\bbe better\b|\bhigher quality\b|\bmore helpful\b|\bbest overall\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Proposal:
    """A criterion for a pair, with the side of the row that it prefers: a or b."""

    pair_id: str
    criterion: str
    prefers: str

    @property
    def question(self) -> str:
        """A name for what judges are asked: pair and criterion."""
        return hashlib.sha256(f"{self.pair_id}\0{self.criterion}".encode()).hexdigest()[:32]


def generator_order(pair_id: str) -> Order:
    """The order in which the generator sees a pair: by a hash, so that it says nothing."""
    digest = hashlib.sha256(b"omni-reward/generator-order/1\0" + pair_id.encode()).digest()
    return "ab" if digest[0] & 1 else "ba"


def propose_question(
    row: Mapping[str, Any],
    task: str,
    settings: Propose,
    shown: Shown,
    max_tokens: int | None = None,
) -> Question:
    """What the generator is asked about a prepared pair.

    It is told how many criteria should prefer each response, not which one the corpus prefers.
    """
    order = generator_order(row["pair_id"])
    against = {"a": "b", "b": "a"}.get(row["preference"], "b")
    reversed_ = settings.reversed if row["preference"] != "tie" else settings.criteria // 2
    first, _ = sides(order)
    to_first = reversed_ if first == against else settings.criteria - reversed_
    modality = TASKS[task].response
    message = prompt(
        "propose",
        settings.prompt_version,
        material(row, order, shown),
        number=settings.criteria,
        first=to_first,
        second=settings.criteria - to_first,
        least_words=settings.least_words,
        most_words=settings.most_words,
        noun=_NOUNS[modality],
        example=_EXAMPLES[modality],
        mark=mark_of(row["pair_id"]),
    )
    return Question(
        settings.model,
        (message,),
        PROPOSAL_JSON,
        schema_name="criteria",
        temperature=settings.temperature,
        max_output_tokens=max_tokens,
        pair_id=row["pair_id"],
        label="propose",
    )


def read_proposals(
    value: Any, pair_id: str, settings: Propose
) -> tuple[list[Proposal], dict[str, int]]:
    """The sound proposals of an answer, each criterion once, and how many were not, by reason."""
    first, second = sides(generator_order(pair_id))
    found: dict[str, Proposal] = {}
    wrong: dict[str, int] = {}
    for entry in value["criteria"][: 2 * settings.criteria]:
        criterion = " ".join(entry["criterion"].split())
        reason = why_not(criterion, settings)
        if reason is None and criterion in found:
            reason = "repeated"
        if reason is not None:
            wrong[reason] = wrong.get(reason, 0) + 1
            continue
        side = first if entry["prefers"] == "first" else second
        found[criterion] = Proposal(pair_id, criterion, side)
    return list(found.values())[: settings.criteria], wrong


def why_not(criterion: str, settings: Propose) -> str | None:
    """Why a sentence is no criterion; None if it is one."""
    words = len(_WORD.findall(criterion))
    if not settings.least_words <= words <= settings.most_words:
        return "length"
    if not criterion.endswith(".") or "\n" in criterion or not criterion[0].isupper():
        return "no_sentence"
    if _OTHER.search(criterion) or does_name_side(criterion):
        return "names_a_response"
    if _EMPTY.search(criterion):
        return "says_nothing"
    return None
