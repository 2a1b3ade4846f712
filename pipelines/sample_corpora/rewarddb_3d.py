"""3DRewardDB: pictures of the views of rated assets, folder by folder, and one file of ratings.

Folders and files from the dataset card, pickled cameras among them. Invented: all that
``prompt_reward.json`` has inside, and the number of assets a prompt within the card's 4 to 10.
"""

from __future__ import annotations

import pickle
import shutil
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from pipelines.sample_corpora.copied_media import MediaPair, copied_media, whole
from pipelines.sample_corpora.copied_media import pictures as pictures_like
from pipelines.sample_corpora.copies import Copies, Made, plain_records
from pipelines.sample_corpora.files import write_json
from pipelines.sample_corpora.keys import record_key
from pipelines.sample_corpora.pictures import truncated
from pipelines.sample_corpora.planted import Corpus, Planted
from pipelines.sample_corpora.scheduling import Mark, counts, scaled, spread, stream
from pipelines.sample_corpora.shapes import views
from pipelines.sample_corpora.text import BLANKS, texts

NAME: Final = "rewarddb_3d"
FULL_SCALE: Final = 1_000
RECORDS_FILE: Final = "prompt_reward.json"
FOLDER: Final = "data"

RECORD_FAULTS: Final[tuple[str, ...]] = (
    "missing_field",
    "empty_prompt",
    "malformed_scores",
    "malformed_path",
    "too_few_responses",
    "not_a_record",
)
PAIR_FAULTS: Final[tuple[str, ...]] = ("media_missing", "image_undecodable", "identical_responses")
TIE: Final[str] = "tie"
TRAPS: Final[tuple[str, ...]] = ("ratings_as_object", "rating_as_text", "unrated_asset")
_SHARE: Final = 0.002
#: Under this key the adapter reads an entry's own name.
NAME_OF_RECORD: Final = "@name"

Entry = dict[str, Any]


def write(folder: Path, scale: float, seed: int, faults: bool, copies: bool = False) -> Planted:
    """Write the corpus into `folder`."""
    prompts = scaled(FULL_SCALE, scale, least=48 if copies else 24)
    codes = (*RECORD_FAULTS, *PAIR_FAULTS, TIE, *TRAPS)
    planned = counts(prompts, dict.fromkeys(codes, _SHARE) if faults else {})
    marks = spread(prompts, planned, stream(seed, NAME, "plan"))
    plain = plain_records(prompts, marks) if copies else []
    more = Copies.planned(NAME, plain, _COPIED.ways("as_is", "swapped"), seed, copies)
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    files = [RECORDS_FILE]
    entries: dict[str, Any] = {}
    pairs, lost = 0, Counter[str]()
    for number in range(prompts):
        mark = marks.get(number) or Mark("", 0)
        ratings = _ratings(number, mark, seed)
        entries[str(number)] = _entry(number, mark, ratings, seed)
        files += _pictures(folder / FOLDER / str(number), number, mark, ratings, seed)
        if mark.code not in (*RECORD_FAULTS, TIE):
            drawn = _pairs(ratings)
            pairs += len(drawn)
            lost[mark.code] += _lost(drawn, ratings, mark)
        if number in more.jobs:
            name = str(prompts + more.made)
            made = _made(number, entries[str(number)], more, seed)
            entries[name] = _copy(name, made, number, entries[str(number)], more)
            files += _copied_pictures(folder / FOLDER / name, made)
            pairs += 1
    write_json(folder / RECORDS_FILE, entries)
    bad = {code: planned[code] for code in RECORD_FAULTS if code in planned}
    dropped = {TIE: planned[TIE]} if faults else {}
    records = prompts + more.made
    return Planted(
        NAME,
        records,
        records - sum(bad.values()) - sum(dropped.values()),
        bad,
        {code: planned[code] for code in TRAPS if code in planned},
        tuple(files),
        dropped,
        pairs=pairs,
        pair_faults={code: lost[code] for code in PAIR_FAULTS if lost[code]},
        **more.truth(),
    )


CORPUS: Final = Corpus(NAME, FULL_SCALE, write, plants_copies=True)
_COPIED: Final = pictures_like("text_to_3D", views)


def _made(number: int, entry: Entry, more: Copies, seed: int) -> Made[MediaPair]:
    """The copy, lookalike or leak of a plain prompt's best and worst asset."""
    last = len(entry["reward"]) - 1
    best, worst = (views(stream(seed, NAME, f"asset {at}", number)) for at in (0, last))
    return copied_media(MediaPair(entry["prompt"], best, worst), number, more, _COPIED)


def _copy(name: str, made: Made[MediaPair], number: int, entry: Entry, more: Copies) -> Entry:
    """An entry of two assets, the better one first unless the copy is to be swapped."""
    copy = {"prompt": made.pair.prompt, "reward": [1, 6] if made.swapped else [6, 1]}
    key = record_key(NAME)
    own = key({NAME_OF_RECORD: name, **copy}) + ("/1-0" if made.swapped else "/0-1")
    original = key({NAME_OF_RECORD: str(number), **entry})
    made.note(more, own, f"{original}/0-{len(entry['reward']) - 1}")
    return copy


def _copied_pictures(folder: Path, made: Made[MediaPair]) -> list[str]:
    """Write the views of a copy's assets; returns their names within the corpus."""
    folder.mkdir(parents=True)
    shown = (made.pair.chosen, made.pair.rejected)
    for at, data in enumerate(shown[::-1] if made.swapped else shown):
        (folder / f"{at}.png").write_bytes(whole(data))
    return [f"{FOLDER}/{folder.name}/{at}.png" for at in range(len(shown))]


def _ratings(number: int, mark: Mark, seed: int) -> list[int | None]:
    """A rating an asset, of which the first is best and the last worst of all."""
    rng = stream(seed, NAME, "ratings", number)
    assets = 4 + number % 4  # whatever the seed, so that files are the same
    if mark.code == TIE:
        return [3] * assets
    if mark.code == "identical_responses":  # a third asset would be better and worse than both
        return [6, *[None] * (assets - 2), 1]
    found: list[int | None] = [6, *(int(value) for value in rng.integers(2, 6, assets - 2)), 1]
    if mark.code == "unrated_asset":
        found[1] = None
    return found


def _pairs(ratings: Sequence[int | None]) -> list[tuple[int, int]]:
    """The assets of different ratings, two by two."""
    return [
        (one, two)
        for one, two in combinations(range(len(ratings)), 2)
        if ratings[one] is not None and ratings[two] is not None and ratings[one] != ratings[two]
    ]


def _lost(drawn: Sequence[tuple[int, int]], ratings: Sequence[int | None], mark: Mark) -> int:
    """How many of the pairs are lost by what is wrong with an asset's picture."""
    if mark.code == "identical_responses":
        return 1
    return sum(_hurt(mark, ratings) in pair for pair in drawn)


def _hurt(mark: Mark, ratings: Sequence[int | None]) -> int:
    """The asset whose picture is at fault: the best or the worst one, by turns."""
    return (0, len(ratings) - 1)[mark.nth % 2]


def _entry(number: int, mark: Mark, ratings: Sequence[int | None], seed: int) -> Any:
    rng = stream(seed, NAME, "prompt", number)
    code, nth = mark
    entry: Entry = {"prompt": texts(seed).scenes.one(rng), "reward": list(ratings)}
    match code:
        case "not_a_record":
            return entry["prompt"]
        case "missing_field":
            entry[("prompt", "reward")[nth % 2]] = None
        case "empty_prompt":
            entry["prompt"] = BLANKS[nth % len(BLANKS)]
        case "malformed_scores":
            entry["reward"] = ("6, 3, 1", 3, [[6], [1]])[nth % 3]
        case "malformed_path":
            entry["reward"] = {"../0": 6, "1": 1}
        case "too_few_responses":
            entry["reward"] = ([], [6], [6, None, "N/A"])[nth % 3]
        case "media_missing":
            hurt = _hurt(mark, ratings)
            entry["reward"] = {
                str(at if at != hurt else at + 90): rating for at, rating in enumerate(ratings)
            }
        case "ratings_as_object":
            entry["reward"] = {f"{at}.png": rating for at, rating in enumerate(ratings)}
        case "rating_as_text":
            entry["reward"] = [str(rating) for rating in ratings]
    return entry


def _pictures(
    folder: Path, number: int, mark: Mark, ratings: Sequence[int | None], seed: int
) -> list[str]:
    """Write the views and cameras of a prompt's assets; returns their names within the corpus.

    What is missing is missing by its name: the files are the same whatever is planted.
    """
    folder.mkdir(parents=True)
    names = []
    last = len(ratings) - 1
    for at in range(len(ratings)):
        seen = 0 if mark.code == "identical_responses" and at == last else at
        data = views(stream(seed, NAME, f"asset {seen}", number))
        hurt = at == _hurt(mark, ratings)
        camera = stream(seed, NAME, f"camera {at}", number).uniform(-1, 1, 16).tolist()
        (folder / f"cam_{at}.pkl").write_bytes(pickle.dumps(camera, protocol=4))
        names.append(f"{FOLDER}/{number}/cam_{at}.pkl")
        # A picture that no rating speaks of may be broken.
        broken = (mark.code == "image_undecodable" and hurt) or ratings[at] is None
        (folder / f"{at}.png").write_bytes(truncated(data) if broken else data)
        names.append(f"{FOLDER}/{number}/{at}.png")
    return names
