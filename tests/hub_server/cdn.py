"""The host that LFS files are sent from and to: it knows signed URLs, and no repos or tokens."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from tests.hub_server.breaking import refused_by_cdn
from tests.hub_server.errors import no_route
from tests.hub_server.messages import Request, Response
from tests.hub_server.ranges import file_response
from tests.hub_server.signing import Signer
from tests.hub_server.store import Store
from tests.hub_server.uploading import take_upload


def answer_cdn(request: Request, store: Store, signer: Signer) -> Response:
    """An object, or part of it."""
    refusal = signer.refusal(request.path, request.query)
    if refusal is not None:
        return refused_by_cdn(refusal)
    match request.segments:
        case ["upload", _, _, sha256] if request.method == "PUT":
            return take_upload(request, store, sha256)
        case [_, _, sha256, *parts] if request.method in ("GET", "HEAD"):
            blob = store.objects.get(sha256)
        case _:
            raise no_route(request.method, request.path)
    if blob is None:
        return refused_by_cdn("The object does not exist")
    # Storage makes ETags of its own: they look like the Hub's and are not.
    etag = hashlib.sha256(f"stored {sha256}".encode()).hexdigest()
    name = quote(parts[-1]) if parts else sha256
    headers = {
        "ETag": f'"{etag}"',
        "Content-Disposition": f"inline; filename*=UTF-8''{name}; filename=\"{name}\";",
    }
    return file_response(request, blob.content, headers)
