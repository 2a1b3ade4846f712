"""3DRewardDB: several 3D assets of one prompt, each a picture of its views, rated by people.

Native layout, from the dataset card: ``data/<0..999>/<k>.png`` and ``cam_<k>.pkl`` for the assets
of a prompt, and ``prompt_reward.json`` beside them. The card's preview shows about nine pictures a
prompt, so one picture is one asset; that its views (made by mvdream-sd2.1-diffusers) stand beside
each other in it is inferred. An older revision had ``prompt.json``, and in each folder
``camera.json`` and ``reward.json``; it is not read.

Confirmed by nobody: what ``prompt_reward.json`` looks like inside. It may be an object with one
entry a folder, or a list in the order of the folders; the names of the prompt and of the ratings,
and whether higher is better, are options. Ratings are a list in the order of the assets, or an
object by the asset's name. The pickles hold cameras; they are never read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

from schemas.media import MediaRef
from transforms.sources.adapter import Place, need, text_of
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Reject, Response, Turn
from transforms.sources.keyed import NAME, KeyedAdapter
from transforms.sources.pairing import mean_rating, pairs_by_score
from transforms.sources.settings import Corpus

RECORDS_FILE: Final = "prompt_reward.json"
#: What made the assets, by the card.
MODEL: Final = "ashawkey/mvdream-sd2.1-diffusers"

_ASSET: Final = re.compile(r"[\w-]{1,64}")


@dataclass(frozen=True)
class RewardDb3dOptions:
    """What nobody could confirm of these files.

    Raises:
        ValueError: `view` names neither the folder nor the asset.
    """

    #: The names of the prompt and of the ratings in an entry.
    prompt: str = "prompt"
    ratings: str = "reward"
    #: Ratings: higher is better; ranks: lower is.
    better: Literal["higher", "lower"] = "higher"
    #: The name of an entry's folder, where the entry itself says it; null: its key or its place.
    folder: str | None = None
    #: The folder or archive of all pictures, and the name of one in it.
    root: str = "data"
    view: str = "{folder}/{asset}.png"

    def __post_init__(self) -> None:
        if not {"{folder}", "{asset}"} <= set(re.findall(r"\{\w+\}", self.view)):
            raise ValueError("view must name {folder} and {asset}")


class RewardDb3d(KeyedAdapter):
    """One entry gives the pairs that the recipe's rule draws from its assets."""

    Options: ClassVar[type] = RewardDb3dOptions

    def __init__(self, corpus: Corpus, name: str, subset: str) -> None:
        super().__init__(corpus, name, subset)
        self.options = RewardDb3dOptions(**corpus.options)
        names = (self.options.prompt, self.options.ratings, self.options.folder)
        self.COLUMNS = tuple(Column.of(own, "any") for own in names if own is not None)  # type: ignore[misc]

    def holds_records(self, name: str) -> bool:
        """Whether a file holds the ratings."""
        return posixpath.basename(name) == RECORDS_FILE

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pairs of an entry."""
        prompt = text_of(record, self.options.prompt)
        need(bool(prompt.strip()), "empty_prompt", f"{self.options.prompt} is empty")
        folder = self._folder(record)
        assets = _assets(record.get(self.options.ratings), self.options.ratings)
        sign = 1 if self.options.better == "higher" else -1
        scores = [None if rating is None else sign * rating for _, rating in assets]
        key = self.key(record)
        for pair in pairs_by_score(scores, self.corpus.pairs):
            first, second = (self._response(folder, *assets[at]) for at in (pair[:2]))
            yield Draft(
                key=f"{key}/{assets[pair.first][0]}-{assets[pair.second][0]}",
                prompt=(Turn("user", prompt),),
                first=first,
                second=second,
                preferred=pair.preferred,
                margin=pair.margin,
                where=str(place),
            )

    def _folder(self, record: Mapping[str, Any]) -> str:
        name = self.options.folder
        folder = str(record[NAME] if name is None else record.get(name)).strip("/")
        need(
            all(_ASSET.fullmatch(part) for part in folder.split("/")),
            "malformed_path",
            f"{folder!r:.80} names no folder of pictures",
        )
        return folder

    def _response(self, folder: str, asset: str, rating: float | None) -> Response:
        member = self.options.view.replace("{folder}", folder).replace("{asset}", asset)
        ref = MediaRef("views", self.options.root, member)
        return Response(media=(ref,), model=MODEL, score=rating)


def _assets(raw: object, title: str) -> list[tuple[str, float | None]]:
    """The assets of an entry, each with its rating; None where it is not a number.

    Raises:
        Reject: `missing_field`, `malformed_scores`, `malformed_path`.
    """
    need(raw is not None, "missing_field", f"{title} is missing or null")
    if isinstance(raw, Mapping):
        rated = [(str(name).removesuffix(".png"), value) for name, value in raw.items()]
        # In the order of their numbers, whatever the order of an object's keys.
        rated.sort(key=lambda item: (len(item[0]), item[0]))
    elif isinstance(raw, list):
        rated = [(str(at), value) for at, value in enumerate(raw)]
    else:
        raise Reject("malformed_scores", f"{title} is {type(raw).__name__}, expected ratings")
    for name, value in rated:
        need(_ASSET.fullmatch(name) is not None, "malformed_path", f"{name!r:.80} names no asset")
        need(
            not isinstance(value, Mapping | list),
            "malformed_scores",
            f"the rating of asset {name} is {type(value).__name__}, expected a number",
        )
    names = [name for name, _ in rated]
    need(len(set(names)) == len(names), "malformed_scores", f"{title} rates an asset twice")
    return [(name, mean_rating([value])) for name, value in rated]
