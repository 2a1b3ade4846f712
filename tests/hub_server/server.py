"""The server: a hub and a CDN on loopback, from start to stop."""

from __future__ import annotations

from types import TracebackType

from tests.hub_server.caller import Caller, Hub, MovedError
from tests.hub_server.cdn import answer_cdn
from tests.hub_server.errors import no_route
from tests.hub_server.faults import Fault, FaultPlan
from tests.hub_server.listener import Listener
from tests.hub_server.log import RequestLog
from tests.hub_server.messages import Request, Response, json_response
from tests.hub_server.reading import read_api
from tests.hub_server.resolving import resolve
from tests.hub_server.signing import Signer
from tests.hub_server.store import Store
from tests.hub_server.tokens import Tokens
from tests.hub_server.traps import Traps
from tests.hub_server.uploading import announce_uploads
from tests.hub_server.writing import write_api

ROUTES = (resolve, read_api, write_api, announce_uploads)


class HubServer:
    """A Hugging Face Hub on loopback, and the CDN it redirects LFS files to.

    `store` has the repos, `tokens` the tokens, `log` what was asked and sent; `traps` call back
    in the midst of requests, and `faults` can be replaced at any time. `page_size` is that of
    listings, `lfs_over` the size from which on a file is LFS whatever its name, `url_seconds` how
    long a URL of the CDN holds. With `cache_redirect` small files are redirected within the hub,
    as huggingface.co does.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        page_size: int = 1000,
        lfs_over: int = 10 * 2**20,
        url_seconds: int = 3600,
        cache_redirect: bool = False,
    ) -> None:
        self.store = Store(lfs_over)
        self.tokens = Tokens()
        self.log = RequestLog()
        self.faults = FaultPlan()
        self.traps = Traps()
        pick = self._choose, self._forestall, self.log
        self._hub_listener = Listener(port, "hub", self._answer_hub, *pick)
        self._cdn_listener = Listener(0, "cdn", self._answer_cdn, *pick)
        self._signer = Signer(self.cdn_endpoint, url_seconds)
        self._hub = Hub(
            self.endpoint, self.store, self.tokens, self._signer, page_size, cache_redirect
        )

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._hub_listener.port}"

    @property
    def cdn_endpoint(self) -> str:
        # Another name as well as another port: clients differ in what they call another host.
        return f"http://localhost:{self._cdn_listener.port}"

    def start(self) -> None:
        self._hub_listener.start()
        self._cdn_listener.start()

    def stop(self) -> None:
        self._hub_listener.stop()
        self._cdn_listener.stop()

    def __enter__(self) -> HubServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def advance_clock(self, seconds: int) -> None:
        """Let the CDN's time pass; nothing else moves its clock."""
        self._signer.advance(seconds)

    def _choose(self, request: Request, response: Response) -> Fault | None:
        self.traps.spring(request, after=True)
        return self.faults.choose(request, response)

    def _forestall(self, request: Request) -> Fault | None:
        self.traps.spring(request, after=False)
        return self.faults.choose_before(request)

    def _answer_hub(self, request: Request) -> Response:
        caller = Caller.of(request, self._hub)
        try:
            for route in ROUTES:
                response = route(request, caller)
                if response is not None:
                    return response
        except MovedError as moved:
            place = request.target.replace(f"datasets/{moved.old}", f"datasets/{moved.new}", 1)
            return json_response({"url": place}, 307, {"Location": place})
        raise no_route(request.method, request.path)

    def _answer_cdn(self, request: Request) -> Response:
        return answer_cdn(request, self.store, self._signer)
