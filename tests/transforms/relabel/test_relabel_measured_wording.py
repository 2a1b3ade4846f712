"""Every sentence that a measured criterion can be: form, direction, variety."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from schemas.tasks import TASKS
from transforms.measures.tables import attributes_of
from transforms.relabel.measured.criteria import TOKENS, criterion_of, sentences, tokens
from transforms.relabel.measured.wording import DIRECTIONS, frames, wording

#: Tasks that share a domain have the same demands; these cover all domains and nouns.
SUBJECTS = [
    (task, attribute.name, direction)
    for task in TASKS
    for attribute in attributes_of(task).values()
    if attribute.askable
    for direction in DIRECTIONS
    if task not in ("ti2t", "tv2t", "ta2t")
]

#: A criterion names no response by its place, doesn't compare, and isn't a mere verdict.
BANNED = re.compile(
    r"\b(?:response [AB12]|(?:first|second|other) (?:response|image|video|clip|model)|is better|"
    r"better than|the best|worse|good quality|high quality|overall quality|margin|attribute)\b|"
    r"[{}\[\]]|  ",
    re.IGNORECASE,
)


#: What follows one of these, to the end of the phrase, is what is not wanted.
NEGATED = re.compile(
    r"\b(?:instead of|rather than|without|unlike|not|no|hardly any|than|far from|free of)\b[^,]*"
)


def _starts(cue: str, text: str) -> bool:
    return re.search(rf"\b{re.escape(cue)}", text, re.IGNORECASE) is not None


@pytest.mark.parametrize("task", sorted({task for task, _, _ in SUBJECTS}))
def test_every_sentence_has_the_form_of_a_criterion(task):
    for _, name, direction in (subject for subject in SUBJECTS if subject[0] == task):
        for sentence in sentences(task, name, direction):
            assert TOKENS[0] <= tokens(sentence) <= TOKENS[1], sentence
            assert sentence.endswith("."), sentence
            assert ". " not in sentence, sentence
            assert sentence[0].isupper(), sentence
            assert not BANNED.search(sentence), sentence
            assert any(noun in sentence for noun in frames().nouns[task]), sentence


def test_every_direction_can_be_said_in_many_ways():
    fewest = min(len(sentences(*subject)) for subject in SUBJECTS)
    assert fewest >= 40
    for task, name, direction in SUBJECTS:
        said = wording(attributes_of(task)[name].domain, name, direction)
        assert len(said.demands) * len(said.reasons) >= 6, (name, direction)
        assert len(frames().frames) * len(said.demands) >= 12, (name, direction)


def test_both_directions_have_no_sentence_in_common():
    for task, name, _ in SUBJECTS[::2]:
        assert not set(sentences(task, name, "more")) & set(sentences(task, name, "less")), name


def test_no_two_attributes_are_stated_alike():
    for task in ("t2t", "t2i", "ti2i", "t2v", "t2a", "t23d"):
        owners: Counter[str] = Counter()
        for _, name, direction in (subject for subject in SUBJECTS if subject[0] == task):
            owners.update(sentences(task, name, direction))
        assert max(owners.values()) == 1, owners.most_common(1)


@pytest.mark.parametrize(("task", "name"), sorted({(task, name) for task, name, _ in SUBJECTS}))
def test_a_demand_points_in_its_direction(task, name):
    domain = attributes_of(task)[name].domain
    for direction, other in (DIRECTIONS, DIRECTIONS[::-1]):
        said, contrary = wording(domain, name, direction), wording(domain, name, other)
        for demand in said.demands:
            assert any(_starts(cue, demand) for cue in said.cues), (direction, demand)
            wanted = NEGATED.sub("", demand)
            assert not any(_starts(cue, wanted) for cue in contrary.cues), (direction, demand)


def test_reasons_can_stand_before_or_after():
    for task, name, direction in SUBJECTS:
        said = wording(attributes_of(task)[name].domain, name, direction)
        for reason in said.reasons:
            assert re.match(r"(?:because|since|so that) \S", reason), reason
            assert not reason.endswith("."), reason


def test_tokens_are_words_and_marks():
    assert tokens("The 3D model shouldn't be well-lit, or dark.") == 10
    assert tokens('She said "no".') == 6


def test_no_skeleton_dominates_what_pairs_get():
    rng = np.random.default_rng(7)
    pairs = rng.integers(0, 2**63, size=6_000, dtype=np.uint64)
    texts = [
        sentence
        for number, (task, name, direction) in enumerate(SUBJECTS)
        for sentence in criterion_of(task, name, direction, pairs[number * 10 :][:10], seed=0)
    ]
    beginnings = Counter(" ".join(text.split()[:4]) for text in texts)
    assert beginnings.most_common(1)[0][1] < 0.1 * len(texts)
    assert len(set(texts)) > 0.9 * len(texts)


def test_a_pair_has_one_sentence_wherever_it_stands():
    pairs = np.random.default_rng(3).integers(0, 2**63, size=50, dtype=np.uint64)
    together = criterion_of("t2i", "warmth", "less", pairs, seed=5)
    alone = [criterion_of("t2i", "warmth", "less", pairs[at : at + 1], 5)[0] for at in range(50)]
    assert together == alone
    assert together != criterion_of("t2i", "warmth", "less", pairs, seed=6)
    assert len(set(together)) > 25
