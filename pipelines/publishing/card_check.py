"""Whether the Hub takes the head of a README: asked before anything is sent.

The client asks the same when it commits, which is after hours of sending.
"""

from __future__ import annotations

import re
from typing import Any, Final

from huggingface_hub import get_session
from huggingface_hub.errors import BadRequestError
from huggingface_hub.utils import (  # type: ignore[attr-defined]
    build_hf_headers,
    hf_raise_for_status,
)

from pipelines.cards.places import README
from pipelines.publishing.remote import DATASET
from pipelines.publishing.trouble import while_publishing
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import session
from transforms.beamkit.hub.patience import InterruptedTransferError, patiently

_LONGEST: Final = 600
#: The field that the Hub complains of: ``"language[0]" with value "English" is not valid``.
_FIELD: Final = re.compile(r'"([a-z_]+)')
#: Where the values of a field come from.
_ORIGINS: Final = {
    "language": "`languages` of the corpora, in data_cards/corpora/*/metadata.yaml",
    "license": "`licence` of the corpora, in the recipe",
    "license_name": "`licence` of the corpora, in the recipe",
    "pretty_name": "`name` of the recipe",
    "source_datasets": "`repo` of the corpora, in the recipe",
    "task_categories": "`task` of the subsets, in the recipe",
    "annotations_creators": "`annotator` of the corpora, in the recipe",
    "configs": "the names of the subsets, in the recipe",
    "dataset_info": "the names of the subsets, in the recipe",
}


def refuse_unless_taken(repo: str, readme: bytes) -> None:
    """Ask the Hub whether it would take a README.

    Raises:
        BuildError: it would not; names the fields and where they come from. Or it can't be asked.
    """
    with while_publishing(f"asking the Hub about the card of {repo}", repo):
        refused = patiently(lambda: _asked(readme.decode("utf-8", "replace")))
    if refused:
        raise BuildError(refusal(repo, refused))


def refusal(repo: str, said: str) -> str:
    """A sentence about a README that the Hub refuses.

    Args:
        repo: ``owner/name``.
        said: the Hub's complaints.
    """
    fields = dict.fromkeys(_FIELD.findall(said))
    origins = dict.fromkeys(_ORIGINS[field] for field in fields if field in _ORIGINS)
    mend = f"mend {'; '.join(origins)}" if origins else "mend what the card is made of"
    told = "".join(c if c.isprintable() else " " for c in said).strip().rstrip(".")
    return (
        f"{repo}: the Hub refuses the head of {README}: {told[:_LONGEST]}. Nothing is visible; "
        f"{mend}, and look at the card with: omnireward card"
    )


def complaints_of(error: Exception) -> str | None:
    """What the Hub said of a README, where the client gave up a commit because of it; else None."""
    if not isinstance(error, ValueError) or not isinstance(error.__cause__, BadRequestError):
        return None
    lines = str(error).splitlines()[1:] or [str(error)]
    return "\n".join(line.removeprefix("- ") for line in lines)


def _asked(text: str) -> str | None:
    """The Hub's complaints about a README; None where it takes it."""
    response = get_session().post(
        f"{session.endpoint()}/api/validate-yaml",
        json={"content": text, "repoType": DATASET},
        headers=build_hf_headers(token=session.token() or False),
        timeout=session.API_TIMEOUT,
    )
    try:
        hf_raise_for_status(response)
    except BadRequestError:
        return "\n".join(_messages(response)) or "it says no more"
    return None


def _messages(response: Any) -> list[str]:
    try:
        return [str(error["message"]) for error in response.json()["errors"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InterruptedTransferError(f"the answer can't be read ({error})") from error
