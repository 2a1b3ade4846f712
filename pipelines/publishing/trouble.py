"""What goes wrong while publishing, in words that say what to do."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from huggingface_hub import errors as hub

from pipelines.doctor.hidden import shown_url
from transforms.beamkit.errors import BuildError
from transforms.beamkit.hub import session
from transforms.beamkit.hub.errors import explained
from transforms.beamkit.hub.patience import InterruptedTransferError

_LONGEST: Final = 200
#: The query of an address: a signed one opens a file to whoever reads it.
_SECRET_PART: Final = re.compile(r"\?\S*")
AGAIN: Final = "run the same command again: what is on the Hub already is not sent again"


@contextmanager
def while_publishing(what: str, repo: str) -> Iterator[None]:
    """Turns what the client raises inside the block into a `BuildError` that begins with `what`."""
    at = session.endpoint()
    try:
        with explained(what, repo, at):
            try:
                yield
            except hub.RepositoryNotFoundError as error:
                raise BuildError(f"{what}: {_not_there(repo, at)}{_said(error)}") from error
            except hub.HfHubHTTPError as error:
                message = _refusal(error, repo, shown_url(at))
                if message is None:
                    raise
                raise BuildError(f"{what}: {message}") from error
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                where = f" ({error.filename})" if error.filename else ""
                raise BuildError(
                    f"{what}: no space is left on the disk{where}; make room, then {AGAIN}"
                ) from error
    except BuildError as error:
        passing = isinstance(error.__cause__, InterruptedTransferError)
        raise BuildError(f"{error}; {AGAIN}") if passing else error from error.__cause__


def status_of(error: BaseException) -> int | None:
    """The status of the answer behind an error of the client, if there was one."""
    if isinstance(error, hub.HfHubHTTPError) and error.response is not None:
        return error.response.status_code
    return None


def xet_trouble(error: Exception) -> BuildError:
    """An error of the library that sends by Xet, which has tried again by itself."""
    text = _SECRET_PART.sub("", _printable(str(error)))
    return BuildError(
        f"sending by Xet failed ({text[:_LONGEST]}); {AGAIN}. Where the Hub or a proxy on the way "
        "knows no Xet, HF_HUB_DISABLE_XET=1 sends over LFS"
    )


def _refusal(error: hub.HfHubHTTPError, repo: str, at: str) -> str | None:
    status = status_of(error)
    if status == 401:
        return f"the Hub refused the token; log in again: hf auth login{_said(error)}"
    if status in (402, 403):
        return (
            f"the Hub refused to write to {repo}: the token needs the right to write there, and "
            f"the account room for it; see {at}/settings/tokens{_said(error)}"
        )
    if status in (400, 409, 413, 422, 507):
        return f"the Hub refused it (status {status}){_said(error)}"
    if status is not None and status >= 500:
        return f"the Hub has trouble of its own (status {status}); later, {AGAIN}"
    return None


def _not_there(repo: str, at: str) -> str:
    return (
        f"there is no dataset {repo} at {shown_url(at)} (any more), or the token may not see it: "
        "look whether it was renamed or deleted meanwhile, and log in as somebody who may write "
        "to it (hf auth login)"
    )


def _said(error: hub.HfHubHTTPError) -> str:
    """What the server said, cut and printable."""
    text = _printable(error.server_message or "")
    return f" (the Hub says: {text[:_LONGEST]})" if text else ""


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text).strip()
