"""Near-duplicates of text: planted copies are found, and nothing else is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.transforms.dedup.planted_texts import WRITERS, Planted, Texts, planted
from transforms.dedup.near_text import (
    Edges,
    candidates,
    near_pairs,
    near_prompts,
    unclear_sides,
    verify,
)
from transforms.dedup.prints import Prints
from transforms.dedup.settings_text import NearTextSettings
from transforms.dedup.text_prints import prints_schema, text_prints

SETTINGS = NearTextSettings()


def printed(
    texts: Sequence[tuple[str | None, ...]], settings: NearTextSettings = SETTINGS
) -> Prints:
    columns = list(zip(*texts, strict=True)) if texts else [(), (), ()]
    return Prints.of(
        text_prints(
            *(pa.chunked_array([pa.array(part, pa.string())]) for part in columns), settings
        )
    )


def pairs(
    texts: Sequence[tuple[str | None, ...]], settings: NearTextSettings = SETTINGS
) -> set[tuple[int, int]]:
    return edges_of(near_pairs(printed(texts, settings), np.arange(len(texts)), settings))


def edges_of(edges: Edges) -> set[tuple[int, int]]:
    return set(zip(edges.later.tolist(), edges.earlier.tolist(), strict=True))


@pytest.fixture(scope="module", params=sorted(WRITERS))
def corpus(request: pytest.FixtureRequest) -> Planted:
    return planted(request.param, 1200, seed=11, exact=0.04, near=0.2)


def test_planted_copies_are_found_and_clean_rows_are_not(corpus: Planted) -> None:
    edges = near_pairs(printed(corpus.texts), np.arange(len(corpus.texts)), SETTINGS)
    found = set(edges.later.tolist())
    assert len(found & set(corpus.exact)) == len(corpus.exact) > 30
    assert len(found & set(corpus.near)) >= 0.98 * len(corpus.near) > 200
    assert found <= set(corpus.exact) | set(corpus.near)
    assert (edges.earlier < edges.later).all()
    assert (edges.similarity >= 0.6).all()
    assert len(found) == len(edges.later)  # one edge a row


@pytest.mark.parametrize("kind", sorted(WRITERS))
@pytest.mark.parametrize("words", [(20, 30), (100, 400)])
def test_copies_with_all_five_percent_edited_are_found(kind: str, words: tuple[int, int]) -> None:
    corpus = planted(kind, 300, seed=12, exact=0, near=0.5, edits=(0.05, 0.05), words=words)
    found = {later for later, _ in pairs(corpus.texts)}
    assert len(found & set(corpus.near)) >= 0.95 * len(corpus.near)
    assert found <= set(corpus.near)


def test_an_edge_says_how_similar_and_which_way_round() -> None:
    corpus = planted("english", 30, seed=13, exact=0, near=0)
    prompt, a, b = corpus.texts[0]
    edited = " ".join([*a.split()[:-1], "otherwise"])
    texts = [(prompt, a, b), (prompt.upper(), b, a), (prompt, edited, b), (prompt, b, edited)]
    edges = near_pairs(printed(texts), np.arange(4), SETTINGS)
    assert edges_of(edges) == {(1, 0), (2, 0), (3, 2)} or edges_of(edges) == {
        (1, 0),
        (2, 0),
        (3, 0),
    }
    table = edges.table()
    assert table["later"].to_pylist() == [1, 2, 3]
    assert table["swapped"].to_pylist() == [True, False, True]
    first, second, third = table["similarity"].to_pylist()
    assert first == 1
    assert 0.8 < second < 1 or edited == a
    assert 0.8 < third <= 1


def test_sides_are_unclear_where_a_pair_s_own_responses_are_alike() -> None:
    a = " ".join(f"word{number}" for number in range(60))
    half = " ".join(f"{'part' if 45 < number < 53 else 'word'}{number}" for number in range(60))
    near, other = f"{a} more", " ".join(f"other{number}" for number in range(60))
    texts = [
        ("Solve 2x + 10 = 0.", "x = -5", "x = 5"),  # alike but for a mark that is ignored
        ("Solve 2x + 10 = 0", "x = 5", "x = -5"),
        ("Write on", a, near),
        ("write on", near, a),  # equal in one way alone
        ("write on", f"{near} again", f"{a} again"),  # alike in both
        ("Go on", a, other),
        ("go on", other, near),
        ("Do it", a, half),  # alike, but nearer to their own copies than to each other
        ("do it", f"{half} now", f"now {a}"),
    ]
    prints = printed(texts)
    edges = near_pairs(prints, np.arange(len(texts)), SETTINGS)
    told = dict(zip(edges.later.tolist(), unclear_sides(prints, edges, SETTINGS), strict=True))
    assert told == {1: True, 3: False, 4: True, 6: False, 8: False}
    assert edges.swapped[edges.later.tolist().index(8)]


def test_answers_to_one_instruction_are_no_copies() -> None:
    """As AlpacaEval: 805 instructions there, 12 here, and 50 models' answers to each."""
    corpus = planted("english", 612, seed=14, exact=0, near=0)
    prompts = [text for text, _, _ in corpus.texts[600:]]
    texts = [(prompts[row % 12], a, b) for row, (_, a, b) in enumerate(corpus.texts[:600])]
    assert pairs(texts) == set()
    prints = printed(texts)
    groups = near_prompts(prints, np.arange(600), SETTINGS)
    assert edges_of(groups) == {(row, row % 12) for row in range(12, 600)}


def test_one_response_in_common_is_not_enough() -> None:
    corpus = planted("english", 10, seed=15, exact=0, near=0)
    (prompt, a, b), (_, c, _), *_ = corpus.texts
    assert pairs([(prompt, a, b), (prompt, a, c), (prompt, c, b), (prompt, a, a)]) == set()
    assert pairs([(prompt, a, b), (corpus.texts[2][0], a, b)]) == set()
    assert pairs([(prompt, a, b), (prompt, a, b)]) == {(1, 0)}


@pytest.mark.parametrize(
    ("answers", "copy"),
    [
        (("Yes.", "No."), False),
        (("yes", "YES!"), True),
        (("The answer is 5", "The answer is 6"), False),
        (("It is Paris, in France, of course, dear.", "It is Paris, in France, of course."), False),
        (("A", ""), False),
        (("...", "!"), False),
        (("👍", "👎"), False),
    ],
)
def test_short_texts_are_copies_only_if_equal(answers: tuple[str, str], copy: bool) -> None:
    (prompt, _, b), *_ = planted("english", 1, seed=16).texts
    assert pairs([(prompt, answers[0], b), (prompt, answers[1], b)]) == (
        {(1, 0)} if copy else set()
    )


def test_repeats_are_not_the_same_as_more_repeats() -> None:
    sentence = "this is a sentence that a model says again and again until its budget ends, "
    texts = [
        ("why", sentence * 10, "no"),
        ("why", sentence * 11, "no"),
        ("why", sentence * 50, "no"),
    ]
    assert pairs(texts) == {(1, 0)}


def test_rows_without_text_have_no_copies() -> None:
    texts: list[tuple[str | None, ...]] = [("", None, None), (" ", "", None), ("", "", "")]
    assert pairs(texts) == set()
    assert edges_of(near_prompts(printed(texts), np.arange(3), SETTINGS)) == set()
    assert pairs([]) == set()


def test_media_rows_are_compared_by_their_prompt() -> None:
    prompts = [prompt for prompt, _, _ in planted("english", 3, seed=17, exact=0, near=0).texts]
    texts = [(prompts[0], None, None), (prompts[1], None, None), (prompts[0], None, None)]
    assert pairs(texts) == {(2, 0)}


def test_near_prompts_are_all_edges_of_the_first_of_equal_ones() -> None:
    words = planted("english", 1, seed=18, words=(40, 41)).texts[0][0].split()
    near = [*words[:-1], "changed"], ["changed", *words[1:]]
    prompts = [" ".join(text) for text in (words, near[0], near[1], words, near[0])]
    other = planted("english", 5, seed=19, exact=0, near=0).texts
    texts = [(prompt, a, b) for prompt, (_, a, b) in zip(prompts, other, strict=True)]
    edges = near_prompts(printed(texts), np.arange(5), SETTINGS)
    assert edges_of(edges) == {(1, 0), (2, 0), (2, 1), (3, 0), (4, 1)}


def test_the_place_decides_which_copy_is_earlier() -> None:
    row = planted("english", 1, seed=20).texts[0]
    prints = printed([row, row, row])
    assert edges_of(near_pairs(prints, np.array([5, -3, 9]), SETTINGS)) == {(0, 1), (2, 1)}
    with pytest.raises(ValueError, match="two rows have one place"):
        near_pairs(prints, np.array([1, 2, 1]), SETTINGS)
    with pytest.raises(ValueError, match="2 places of 3 rows"):
        near_pairs(prints, np.array([1, 2]), SETTINGS)


def test_crowded_buckets_cost_their_limit() -> None:
    hashes = np.full(100_000, 7, np.uint64)
    later, earlier = candidates(hashes, 4)
    assert len(later) == 4 * 100_000 - (4 + 3 + 2 + 1)
    assert earlier.max() == 3
    assert (earlier < later).all()


def test_candidates_are_the_first_of_the_bucket() -> None:
    hashes = np.array([9, 1, 9, 9, 1, 2, 9], np.uint64)
    assert list(zip(*map(np.ndarray.tolist, candidates(hashes, 2)), strict=True)) == [
        *[(4, 1)],
        *[(2, 0), (3, 0), (3, 2), (6, 0), (6, 2)],
    ]
    asked = np.array([True, True, True, False, False, True, True])
    later, earlier = candidates(hashes, 1, asked)
    assert (later.tolist(), earlier.tolist()) == ([2, 6], [0, 0])
    assert candidates(hashes[:0], 3)[0].tolist() == []


def test_equal_copies_are_found_beyond_any_limit() -> None:
    """300 rows share long boilerplate, and so buckets; the last repeats one in the middle."""
    corpus = planted("english", 301, seed=21, exact=0, near=0, words=(100, 120))
    boilerplate, answer, _ = corpus.texts[0]
    texts: list[Texts] = [(boilerplate, answer, b[:150]) for _, _, b in corpus.texts[1:]]
    texts.append(tuple(text.upper() for text in texts[150]))  # type: ignore[arg-type]
    assert pairs(texts, replace(SETTINGS, max_comparisons=1)) == {(300, 150)}


def test_verify_takes_candidates_of_any_origin(corpus: Planted) -> None:
    prints = printed(corpus.texts)
    later = np.array(list(corpus.near))
    earlier = np.array(list(corpus.near.values()))
    edges = verify(prints, later, earlier, SETTINGS)
    assert len(edges.later) >= 0.98 * len(later)
    swapped = edges.swapped.mean()
    assert 0.35 < swapped < 0.65
    others = np.roll(earlier, 1)
    apart = others != earlier
    assert len(verify(prints, later[apart], others[apart], SETTINGS).later) == 0


def test_prints_are_small_and_need_aligned_columns() -> None:
    columns = planted("english", 200, seed=22).columns()
    table = text_prints(*columns, SETTINGS)
    assert table.schema.equals(prints_schema(SETTINGS))
    assert table.nbytes / 200 < 815
    with pytest.raises(ValueError, match="aligned"):
        text_prints(columns[0].slice(1), *columns[1:], SETTINGS)


@hypothesis_settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 3000))
def test_order_and_chunks_change_nothing(random: object, cut: int) -> None:
    corpus = _ORDER_CORPUS
    rows = list(range(len(corpus)))
    random.shuffle(rows)  # type: ignore[attr-defined]
    shuffled = [corpus[row] for row in rows]
    columns = [
        pa.chunked_array([part[: cut % len(rows)], part[cut % len(rows) :]], pa.string())
        for part in zip(*shuffled, strict=True)
    ]
    prints = Prints.of(text_prints(*columns, SETTINGS))
    back = np.array(rows)
    for find, expected in ((near_pairs, _ORDER_PAIRS), (near_prompts, _ORDER_PROMPTS)):
        later, earlier, similarity, swapped = find(prints, back, SETTINGS)
        found = Edges(back[later], back[earlier], similarity, swapped).table()
        assert found.equals(expected)


_ORDER_CORPUS = [
    *planted("english", 150, seed=23, exact=0.1, near=0.3, words=(20, 60)).texts,
    *planted("chinese", 150, seed=24, exact=0.1, near=0.3, words=(20, 60)).texts,
]
_ORDER_PRINTS = printed(_ORDER_CORPUS)
_ORDER_PAIRS = near_pairs(_ORDER_PRINTS, np.arange(300), SETTINGS).table()
_ORDER_PROMPTS = near_prompts(_ORDER_PRINTS, np.arange(300), SETTINGS).table()


def test_more_rows_change_no_earlier_edge() -> None:
    part = near_pairs(printed(_ORDER_CORPUS[:200]), np.arange(200), SETTINGS).table()
    assert part.num_rows > 50
    assert part.equals(_ORDER_PAIRS.filter(pa.compute.less(_ORDER_PAIRS["later"], 200)))
