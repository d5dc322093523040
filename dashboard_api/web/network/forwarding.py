"""Makes a request look as the browser sent it, whatever reverse proxies are between."""

from __future__ import annotations

from collections import Counter
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from contract.language import _
from dashboard_api.settings import DashboardSettings, is_loopback
from dashboard_api.web.network.callers import address_key
from dashboard_api.web.network.forwarded import ForwardedError, Origin, is_in, origin_of
from dashboard_api.web.refusals import RefusalCounts, error_response

__all__ = ["HEALTH", "LOCAL", "Forwarding"]

LOCAL: Final = "roomtone.is_local"
"""The key of a request's scope that says that its client is this computer, without a proxy."""
HEALTH: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Addresses for programs that watch the server, on the server itself."""
_RETRY_S: Final = 10


class Forwarding:
    """ASGI middleware: puts the browser's address, scheme and host into the request.

    Everything behind it takes them for granted: limits, cookies, links and the check of origins.
    """

    def __init__(self, app: ASGIApp, settings: DashboardSettings, counts: RefusalCounts) -> None:
        self._app = app
        self._trusted = settings.proxy_networks
        self._max_per_key = settings.max_connections_per_address
        self._counts = counts
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers, peer = Headers(scope=scope), _end(scope, "client")
        try:
            origin = origin_of(peer, headers, self._trusted)
        except ForwardedError as error:
            refusal = error_response(headers, 400, _("The request can't be answered"), str(error))
            await refusal(scope, receive, send)
            return
        if origin is None:
            is_here = is_loopback(peer) or (peer != "" and peer == _end(scope, "server"))
            if is_in(peer, self._trusted) and scope["path"] not in HEALTH:
                is_here = False  # a proxy on this computer that does not say for whom it asks
            await self._app({**scope, LOCAL: is_here}, receive, send)
            return
        await self._forwarded(_as_seen(scope, origin), receive, send)

    async def _forwarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A proxy's connections serve everybody, so the limit is on a client's open requests."""
        key = address_key(_end(scope, "client"))
        if self._open[key] >= self._max_per_key:
            self._counts.add("connections")
            sentence = _(
                "Too many requests of your address are open; try again in {seconds} s.",
                seconds=_RETRY_S,
            )
            refusal: Response = error_response(
                Headers(scope=scope), 429, _("Too many requests"), sentence,
                more_headers={"Retry-After": str(_RETRY_S)},
            )  # fmt: skip
            await refusal(scope, receive, send)
            return
        self._open[key] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open[key] -= 1
            if not self._open[key]:
                del self._open[key]


def _end(scope: Scope, name: str) -> str:
    end = scope.get(name)
    return str(end[0]) if end else ""


def _as_seen(scope: Scope, origin: Origin) -> Scope:
    headers = scope["headers"]
    if origin.host:
        others = [(name, value) for name, value in headers if name != b"host"]
        headers = [(b"host", origin.host.encode("latin-1", "replace")), *others]
    # Without a word about it, the browser may have come by plain HTTP.
    is_secure = origin.scheme in {"https", "wss"}
    scheme = ("wss" if is_secure else "ws") if scope["type"] == "websocket" else None
    scheme = scheme or ("https" if is_secure else "http")
    client = (origin.client, 0)
    return {**scope, "client": client, "scheme": scheme, "headers": headers, LOCAL: False}
