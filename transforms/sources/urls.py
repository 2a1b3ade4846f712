"""Text that claims to be a URL, taken apart; what claims it wrongly stops nobody."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from transforms.sources.draft import Reject


def split_url(text: str) -> SplitResult | None:
    """The parts of a URL or path; None where brackets or odd characters leave it no host."""
    try:
        return urlsplit(text)
    except ValueError:
        return None


def url_path(url: str, reason: str) -> str:
    """The path of a URL, its query left out and its escapes as they are.

    Raises:
        Reject: `reason`, for what is no URL.
    """
    try:
        return urlsplit(url).path
    except ValueError as error:
        raise Reject(reason, f"{url!r} is no URL: {error}") from None
