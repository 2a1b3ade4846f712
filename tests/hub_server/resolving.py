"""Files by repo, revision and path: small ones are sent, LFS files are redirected to the CDN."""

from __future__ import annotations

from urllib.parse import quote

from tests.hub_server import errors
from tests.hub_server.caller import Caller, commit_of
from tests.hub_server.content import Blob
from tests.hub_server.messages import Request, Response
from tests.hub_server.ranges import file_response
from tests.hub_server.store import Commit, Repo


def resolve(request: Request, caller: Caller) -> Response | None:
    """The answer of a route that gives a file, or nothing if it is none of these."""
    if request.method not in ("GET", "HEAD"):
        return None
    match request.segments:
        case ["datasets", owner, name, "resolve", revision, *parts] if parts:
            cached = False
        case ["api", "resolve-cache", "datasets", owner, name, revision, *parts] if parts:
            cached = True
        case _:
            return None
    repo = caller.repo(f"{owner}/{name}")
    caller.require_content(repo)
    commit = commit_of(repo, revision)
    path = "/".join(parts)
    blob = commit.tree.get(path)
    if blob is None:
        raise errors.entry_not_found(commit.id)
    if blob.lfs:
        url = caller.hub.signer.sign(cdn_path(repo, path, blob))
        return _redirect(302, url, commit, blob)
    if caller.hub.cache_redirect and not cached:
        url = quote(f"/api/resolve-cache/datasets/{repo.name}/{commit.id}/{path}")
        return _redirect(307, url, commit, blob)
    headers = {"ETag": f'"{blob.etag}"', "X-Repo-Commit": commit.id}
    return file_response(request, blob.content, headers)


def cdn_path(repo: Repo, path: str, blob: Blob) -> str:
    """Where the CDN has an LFS file.

    The hash alone leads to it; the repo and the path let logs and scripted faults name it.
    """
    return f"/{repo.name}/{blob.sha256}/{path}"


def _redirect(status: int, url: str, commit: Commit, blob: Blob) -> Response:
    """A redirect that tells of the file what the place it leads to does not."""
    headers = {
        "Location": url,
        "X-Repo-Commit": commit.id,
        "X-Linked-Size": str(blob.size),
        "X-Linked-ETag": f'"{blob.etag}"',
        "Accept-Ranges": "bytes",
    }
    return Response.of(b"Found. Redirecting", "text/plain; charset=utf-8", status, headers)
