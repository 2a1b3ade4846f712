"""Who publishes, and whether they may: asked before any work."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.doctor.hidden import shown_url
from pipelines.doctor.hub_token import Token, check_publication, first_log_in
from pipelines.publishing.trouble import status_of, while_publishing
from transforms.beamkit.hub import session
from transforms.beamkit.hub.patience import patiently


@dataclass(frozen=True)
class Access:
    """Why nothing can be written to a repository, and what to do; None where it can."""

    refusal: str | None


def access_to(repo: str) -> Access:
    """Ask the Hub what the token in use may do with a repository.

    Raises:
        BuildError: the Hub can't be reached.
    """
    origin = session.token_origin()
    if origin is None:
        return Access(f"{repo}: no token was found, so nothing can be published: {first_log_in()}")
    token = Token(None, origin)
    with while_publishing("asking the Hub whose the token is", repo):
        try:
            who = patiently(session.api().whoami)
        except Exception as error:
            if status_of(error) != 401:
                raise
            return Access(
                f"the Hub refused the token of {origin}: make one with the role write at "
                f"{shown_url(session.endpoint())}/settings/tokens, then: {first_log_in()} --force"
            )
    finding = check_publication(who, token, repo, shown_url(session.endpoint()))
    if finding.state != "fail":
        return Access(None)
    return Access(f"{finding.detail} (token from {origin}). {finding.remedy}")
