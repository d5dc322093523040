"""What guards the pages: no foreign host, no foreign page, nothing loaded from elsewhere."""

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
    # A video that stays on the reader's computer is opened by an object URL.
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

    The host is checked because a name that someone else points at 127.0.0.1 would make their page
    same-origin with ours. A program without a browser sends neither `Origin` nor
    `Sec-Fetch-Site`, and holds no one's trust that could be abused, so it may write.
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
                "These pages answer to this computer's own names alone.\n", status_code=421
            )
        elif scope["method"] not in SAFE_METHODS and not _is_same_origin(headers):
            refusal = PlainTextResponse(
                "Another site's page asked for this change; it was refused.\n", status_code=403
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
    except ValueError:  # no host name at all
        return False


def _is_same_origin(headers: Headers) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == headers["host"]


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
            # A lesson is nobody's but its teacher's: no copy of it stays in a cache.
            headers.setdefault("Cache-Control", _caching(path, message["status"]))
        await send(message)

    return send_with_headers
