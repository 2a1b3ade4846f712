"""Open Image Preferences, annotation results: what each annotator said about two pictures.

Native layout, as Argilla exports it: ``data/train-*.parquet`` with ``id``, ``images`` (a struct of
the two pictures' URLs and the prompt), ``model_1, model_2, evolution, category, sub_category`` and
three lists with one entry an annotator, or null: ``preference.responses`` (``image_1``,
``image_2``, ``both_good``, ``both_bad``), ``preference.responses.users`` and
``preference.responses.status``.

Pictures are not fetched: they are looked up in a folder of the mirror, by the last two parts of
the URL's path. The last part alone does not do: both pictures of a record are called alike
(``image_quality_dev/3368.jpg`` and ``image_quality_sd/3368.jpg``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal
from urllib.parse import unquote

from schemas.media import MediaRef
from transforms.sources.adapter import Place, RecordAdapter, need, text_of
from transforms.sources.columns import Column
from transforms.sources.draft import Draft, Reject, Response, Turn
from transforms.sources.pairing import Verdict, majority, settled
from transforms.sources.urls import split_url

RESPONSES: Final = "preference.responses"

_VERDICTS: Final[dict[str, Verdict]] = {
    "image_1": "first",
    "image_2": "second",
    "both_good": "tie",
    "both_bad": "tie",
}
#: The short names of these records, and the names that the binarized release gives them.
_MODELS: Final = {
    "dev": "black-forest-labs/FLUX.1-dev",
    "sd": "stabilityai/stable-diffusion-3.5-large",
}


@dataclass(frozen=True)
class ResultsOptions:
    """What the recipe can choose for these records."""

    #: The folder of the mirror that holds the pictures.
    folder: str = "images"
    #: How votes become a verdict. majority: `both_good` and `both_bad` are votes for a tie.
    #: binarized: the rule of the binarized release, where `both_good` is a vote for each picture,
    #: and a winner needs more votes than the other picture and than `both_bad`.
    votes: Literal["majority", "binarized"] = "majority"


class OpenImagePreferencesResults(RecordAdapter):
    """One record is one pair, decided by the votes that were submitted."""

    Options: ClassVar[type] = ResultsOptions
    COLUMNS: ClassVar = (
        Column.of("id", "text"),
        Column.of("images", "struct"),
        Column.of(RESPONSES, "list"),
        Column.of(f"{RESPONSES}.users", "list"),
        Column.of(f"{RESPONSES}.status", "list"),
    )

    def key(self, record: Mapping[str, Any]) -> str:
        """The id, whose uniqueness is not certain, with a digest of the record."""
        return f"{record.get('id')}/{super().key(record)}"

    def pairs(self, record: Mapping[str, Any], place: Place) -> Iterable[Draft]:
        """The pair of a record."""
        options = ResultsOptions(**self.corpus.options)
        images = record.get("images")
        need(images is not None, "missing_field", "images is missing or null")
        if not isinstance(images, Mapping):
            raise Reject("malformed_images", f"images is {type(images).__name__}, not an object")
        first, second = (
            Response(
                media=(MediaRef("image", options.folder, _member(text_of(images, f"image_{n}"))),),
                model=_model(record.get(f"model_{n}")),
            )
            for n in (1, 2)
        )
        votes = _votes(record)
        verdict = majority([_VERDICTS[vote] for vote in votes])
        if options.votes == "binarized":
            verdict = _binarized(votes)
        yield Draft(
            key=self.key(record),
            prompt=(Turn("user", text_of(images, "prompt")),),
            first=first,
            second=second,
            preferred=settled(verdict, self.corpus.pairs),
            where=str(place),
        )


def _votes(record: Mapping[str, Any]) -> list[str]:
    """What was submitted, one vote an annotator.

    Raises:
        Reject: `no_votes` where nobody answered, `malformed_votes`, `label_unknown`.
    """
    names = (RESPONSES, f"{RESPONSES}.status", f"{RESPONSES}.users")
    columns = [record.get(name) for name in names]
    need(columns[0] is not None, "no_votes", "nobody has answered")
    sizes = []
    for name, column in zip(names, columns, strict=True):
        if not isinstance(column, list):
            raise Reject("malformed_votes", f"{name} is {type(column).__name__}, expected a list")
        sizes.append(len(column))
    need(len(set(sizes)) == 1, "malformed_votes", f"responses, status and users: {sizes} entries")
    responses, statuses, users = (column or [] for column in columns)
    votes: list[str] = []
    voters: list[object] = []
    for vote, status, user in zip(responses, statuses, users, strict=True):
        if status != "submitted":
            continue
        if not isinstance(vote, str) or vote not in _VERDICTS:
            raise Reject("label_unknown", f"a submitted response is {vote!r:.100}")
        need(user is None or user not in voters, "malformed_votes", f"{user!r:.100} voted twice")
        votes.append(vote)
        voters.append(user)
    need(bool(votes), "no_votes", f"none of {len(responses)} responses was submitted")
    return votes


def _binarized(votes: Sequence[str]) -> Verdict:
    counts = Counter(votes)
    both = counts["both_good"]
    first, second = counts["image_1"] + both, counts["image_2"] + both
    if max(first, second) <= counts["both_bad"] or first == second:
        return "tie"
    return "first" if first > second else "second"


def _member(url: str) -> str:
    """The last two parts of a URL's path: the picture's place in the folder."""
    found = split_url(url)
    parts = [part for part in unquote(found.path).split("/") if part] if found else []
    need(bool(parts), "malformed_images", f"no file name in {url!r:.200}")
    return "/".join(parts[-2:])


def _model(name: object) -> str | None:
    return _MODELS.get(name, name) if isinstance(name, str) else None
