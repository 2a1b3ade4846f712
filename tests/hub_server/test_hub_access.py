"""Private and gated repos, tokens, and what the real client makes of refusals."""

from __future__ import annotations

import httpx2
import pytest
from huggingface_hub import HfApi, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalTokenNotFoundError,
    RepositoryNotFoundError,
)

from tests.hub_server import HubServer, Scope

OPEN, GATED, PRIVATE = "ada/open", "ada/gated", "ada/private"
LETS_IN = Scope("user", "ada", ("repo.content.read",))
POWERLESS = Scope("dataset", PRIVATE, ("discussion.write",))
ELSEWHERE = Scope("dataset", "ada/else", ("repo.write",))


@pytest.fixture
def repos(hub: HubServer) -> HubServer:
    """One repo of each kind, and one token of each kind."""
    for name, kind in {OPEN: {}, GATED: {"gated": "manual"}, PRIVATE: {"private": True}}.items():
        hub.store.create(name, **kind)  # type: ignore[arg-type]
        hub.store.commit(name, {"a.txt": b"a", "b.parquet": b"b"}, "Files")
    add = hub.tokens.add
    add("hf_owner", name="ada", role="write")
    add("hf_member", name="bob", orgs=["ada"])
    add("hf_stranger", name="eve")
    add("hf_friend", name="eve", private_access=[PRIVATE], gated_access=[GATED])
    add("hf_fine", name="ada", role="fineGrained", scopes=[LETS_IN])
    add("hf_narrow", name="ada", role="fineGrained", scopes=[POWERLESS, ELSEWHERE])
    add("hf_gates", name="eve", role="fineGrained", gated_access=[GATED], can_read_gated=True)
    add("hf_no_gates", name="eve", role="fineGrained", gated_access=[GATED])
    return hub


def _refusal(server: HubServer, repo: str, token: str | None, path: str) -> str | None:
    """What the client raises for a file, as `error status`, or nothing if it is let in."""
    url = hf_hub_url(repo, path, repo_type="dataset", endpoint=server.endpoint)
    try:
        get_hf_file_metadata(url, token=token or False)
    except HfHubHTTPError as error:
        return f"{type(error).__name__} {error.response.status_code}"
    return None


@pytest.mark.parametrize("path", ["a.txt", "b.parquet"])
@pytest.mark.parametrize(
    ("token", "private", "gated"),
    [
        (None, "RepositoryNotFoundError 401", "GatedRepoError 401"),
        ("hf_unknown", "HfHubHTTPError 401", "HfHubHTTPError 401"),
        ("hf_owner", None, None),
        ("hf_member", None, None),
        ("hf_stranger", "RepositoryNotFoundError 404", "GatedRepoError 403"),
        ("hf_friend", None, None),
        ("hf_fine", None, None),
        ("hf_narrow", "HfHubHTTPError 403", "HfHubHTTPError 403"),
        ("hf_gates", "RepositoryNotFoundError 404", None),
        ("hf_no_gates", "RepositoryNotFoundError 404", "HfHubHTTPError 403"),
    ],
)
def test_who_may_read_files(
    repos: HubServer, token: str | None, private: str | None, gated: str | None, path: str
) -> None:
    assert _refusal(repos, PRIVATE, token, path) == private
    assert _refusal(repos, GATED, token, path) == gated
    unknown = "HfHubHTTPError 401" if token == "hf_unknown" else None
    assert _refusal(repos, OPEN, token, path) == unknown


def test_a_gated_repo_shows_its_listing_to_all(repos: HubServer) -> None:
    api = HfApi(endpoint=repos.endpoint, token=False)
    assert api.dataset_info(GATED).gated == "manual"
    assert "a.txt" in api.list_repo_files(GATED, repo_type="dataset")


def test_auth_check(repos: HubServer) -> None:
    api = HfApi(endpoint=repos.endpoint, token=False)
    api.auth_check(GATED, repo_type="dataset", token="hf_friend")
    with pytest.raises(GatedRepoError):
        api.auth_check(GATED, repo_type="dataset", token="hf_stranger")
    with pytest.raises(RepositoryNotFoundError):
        api.auth_check(PRIVATE, repo_type="dataset")


def test_a_repo_that_does_not_exist_looks_like_one_that_is_private(repos: HubServer) -> None:
    api = HfApi(endpoint=repos.endpoint, token=False)
    for token, status in ((False, 401), ("hf_stranger", 404)):
        for repo in (PRIVATE, "ada/none"):
            with pytest.raises(RepositoryNotFoundError) as caught:
                api.dataset_info(repo, token=token)
            assert caught.value.response.status_code == status


def test_a_private_repo_does_not_tell_its_new_name(repos: HubServer, web: httpx2.Client) -> None:
    repos.store.rename(PRIVATE, "ada/secret")
    url = f"{repos.endpoint}/api/datasets/{PRIVATE}"
    assert web.get(url).status_code == 401
    assert web.get(url, headers={"Authorization": "Bearer hf_stranger"}).status_code == 404
    assert web.get(url, headers={"Authorization": "Bearer hf_owner"}).status_code == 307


def test_whoami_describes_the_token(repos: HubServer) -> None:
    api = HfApi(endpoint=repos.endpoint)
    owner = api.whoami("hf_owner")
    assert (owner["type"], owner["name"]) == ("user", "ada")
    assert owner["auth"]["accessToken"]["role"] == "write"
    assert [org["name"] for org in api.whoami("hf_member")["orgs"]] == ["ada"]
    narrow = api.whoami("hf_narrow")["auth"]["accessToken"]
    assert narrow["role"] == "fineGrained"
    assert narrow["fineGrained"]["canReadGatedRepos"] is False
    assert narrow["fineGrained"]["global"] == []
    scope = narrow["fineGrained"]["scoped"][0]
    assert scope["permissions"] == ["discussion.write"]
    assert (scope["entity"]["type"], scope["entity"]["name"]) == ("dataset", PRIVATE)


def test_whoami_refuses_unknown_tokens_and_none(
    repos: HubServer, web: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = HfApi(endpoint=repos.endpoint)
    repos.tokens.revoke("hf_owner")
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        api.whoami("hf_owner")
    assert web.get(f"{repos.endpoint}/api/whoami-v2").status_code == 401
    monkeypatch.setattr("huggingface_hub.hf_api.get_token", lambda: None)
    with pytest.raises(LocalTokenNotFoundError):
        api.whoami()
