"""Protects the pages: no other host name, no other website, nothing loaded from outside."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard_api.settings import is_loopback
from dashboard_api.web.rendering import STATIC_ADDRESS

__all__ = ["POLICY", "Guard"]

POLICY: Final = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "img-src 'self' data:; "
    # A video that stays on the reader's computer is opened through an object URL.
    "media-src 'self' blob:; "
    "connect-src 'self'; "
    "form-action 'self'; "
    "base-uri 'none'; "
    "frame-ancestors 'none'; "
    "object-src 'none'"
)

HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """ASGI middleware: checks Host and origin, adds the security headers.

    The host is checked because anyone can point a name at 127.0.0.1, and a page under that name
    would then be same-origin with ours. Browsers say where a change comes from, in `Origin` or
    `Sec-Fetch-Site`; a change that comes with a cookie and without either is refused. A program that
    has no cookie may write, since no website can misuse it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not _is_this_computer(headers.get("host", "")):
            refusal = PlainTextResponse(
                "These pages only answer under this computer's own names.\n", status_code=421
            )
        elif scope["method"] not in SAFE_METHODS and not _is_same_origin(headers):
            refusal = PlainTextResponse(
                "This change came from another website's page, so it was refused.\n",
                status_code=403,
            )
        else:
            await self._app(scope, receive, _with_headers(send, scope["path"]))
            return
        await refusal(scope, receive, _with_headers(send, scope["path"]))


def _is_this_computer(host: str) -> bool:
    """Whether a Host header names this computer: `localhost:8000`, `127.0.0.1`, `[::1]:80`."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return is_loopback(name)
    except ValueError:  # not a host name
        return False


def _is_same_origin(headers: Headers) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    if origin is None:
        return site is not None or "cookie" not in headers
    return origin.partition("://")[2] == headers["host"]


def _caching(path: str, status: int) -> str:
    if path.startswith(f"{STATIC_ADDRESS}/") and status < 400:
        return "public, max-age=31536000, immutable"
    return "no-cache" if path.startswith("/static/") else "no-store"


def _with_headers(send: Send, path: str) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            # A lesson belongs to its teacher alone: no cache keeps a copy.
            headers.setdefault("Cache-Control", _caching(path, message["status"]))
        await send(message)

    return send_with_headers
