"""Uploads of LFS files: which are wanted, where to, and whether they arrived."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.hub_server import errors
from tests.hub_server.caller import Caller
from tests.hub_server.messages import Request, Response, json_response
from tests.hub_server.store import Store


def announce_uploads(request: Request, caller: Caller) -> Response | None:
    """The answer of an LFS route, or nothing if it is none of these."""
    match request.segments:
        case ["datasets", owner, git, "info", "lfs", "objects", route] if git.endswith(".git"):
            repo = caller.writable(f"{owner}/{git.removesuffix('.git')}")
        case _:
            return None
    if request.method != "POST":
        return None
    if route == "batch":
        objects = request.fields.get("objects", [])
        listed = [_object(caller, repo.name, str(one["oid"]), int(one["size"])) for one in objects]
        return json_response({"transfer": "basic", "objects": listed})
    if route == "verify":
        return _verified(request, caller.hub.store)
    return None


def _object(caller: Caller, repo: str, sha256: str, size: int) -> dict[str, Any]:
    """An object by its digest; where it is held already there is nothing to do about it."""
    known: dict[str, Any] = {"oid": sha256, "size": size}
    held = caller.hub.store.objects.get(sha256)
    if held is not None and held.size == size:
        return known
    href = caller.hub.signer.sign(f"/upload/{repo}/{sha256}")
    verify = f"{caller.hub.endpoint}/datasets/{repo}.git/info/lfs/objects/verify"
    return {**known, "actions": {"upload": {"href": href}, "verify": {"href": verify}}}


def _verified(request: Request, store: Store) -> Response:
    held = store.objects.get(str(request.fields.get("oid")))
    if held is None or held.size != request.fields.get("size"):
        raise errors.HubError(404, "The object was not uploaded")
    return json_response({"success": True})


def take_upload(request: Request, store: Store, sha256: str) -> Response:
    """An object that a client sends to storage."""
    data = request.body.read()
    if hashlib.sha256(data).hexdigest() != sha256:
        body = b"<Error><Code>XAmzContentSHA256Mismatch</Code></Error>"
        return Response.of(body, "application/xml", 400)
    store.hold(data)
    return Response.of(b"", "application/xml", 200, {"ETag": f'"{sha256}"'})
