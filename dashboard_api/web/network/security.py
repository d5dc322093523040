"""Protects the pages: no other host name, no other website, nothing loaded from outside."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contract.language import N_, _
from dashboard_api.settings import DashboardSettings, host_name, is_loopback
from dashboard_api.web.network.forwarding import HEALTH, LOCAL
from dashboard_api.web.refusals import error_response
from dashboard_api.web.rendering import STATIC_ADDRESS

__all__ = ["POLICY", "Guard", "framed_policy", "leaving_policy"]

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

_HSTS: Final = "max-age=31536000"
"""A browser that came by HTTPS comes by nothing else for a year."""
_ONLY_HERE: Final = N_("These pages only answer under this computer's own names.")
_OTHER_NAMES: Final = N_(
    "These pages do not answer under this name. The school's administrator can add it to "
    "dashboard.hosts."
)
_NO_HTTPS: Final = N_(
    "These pages answer other computers by HTTPS alone. Open their address with https://; a reverse "
    "proxy must be in dashboard.trusted_proxies, and say in X-Forwarded-Proto how it was asked."
)

_SECURE: Final = frozenset({"https", "wss"})
_FOREIGN: Final = N_("This change came from another website's page, so it was refused.")
_PORTS: Final = {"http": 80, "https": 443}
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FROM_ELSEWHERE: Final = frozenset({"/lti/login", "/lti/launch"})
"""Learning platforms' pages post to these, as LTI 1.3 has it. They read no session: what is posted is
checked by its signature, and by the cookie of the page after it."""
_HERE: Final = "http://127.0.0.1:* http://localhost:*"


def framed_policy(scheme: str) -> str:
    """For the one page that a learning platform may show in a frame, and that posts to it.

    Which of its addresses shows it, nothing says before the launch. The page has a button that opens
    a window and no content, so that whoever frames it gains nothing.
    """
    others = "https:" if scheme in _SECURE else f"https: {_HERE}"
    return POLICY.replace("form-action 'self'", f"form-action {others}").replace(
        "frame-ancestors 'none'", f"frame-ancestors {others}"
    )


def leaving_policy(origin: str) -> str:
    """For a page with a form that posts to this origin."""
    return POLICY.replace("form-action 'self'", f"form-action 'self' {origin}")


class Guard:
    """ASGI middleware: checks Host and origin, adds the security headers.

    The host is checked because anyone can point a name at 127.0.0.1, and a page under that name
    would then be same-origin with ours. Browsers say where a change comes from, in `Origin` or
    `Sec-Fetch-Site`; a change that comes with a cookie and without either is refused. A program that
    has no cookie may write, since no website can misuse it. `Forwarding` is around it.
    """

    def __init__(self, app: ASGIApp, settings: DashboardSettings) -> None:
        self._app = app
        self._names = settings.names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        fault = self._fault_of_address(scope, headers)
        if fault:
            # As text: a page's parts would be asked for under the same wrong name.
            refusal: Response = PlainTextResponse(f"{_(fault)}\n", status_code=421)
        elif not _is_ours(scope, headers):
            refusal = error_response(headers, 403, _("Refused"), _(_FOREIGN))
        elif scope["path"] in HEALTH and not scope[LOCAL]:
            refusal = error_response(headers, 404, _("Not found"), _("There is no such page."))
        else:
            await self._app(scope, receive, _with_headers(send, scope))
            return
        await refusal(scope, receive, _with_headers(send, scope))

    def _fault_of_address(self, scope: Scope, headers: Headers) -> str:
        """Why nothing is answered under the address that was asked for; empty if it is."""
        name = host_name(headers.get("host", ""))
        if is_loopback(name):
            return "" if scope[LOCAL] else _NO_HTTPS
        if name not in self._names:
            return _OTHER_NAMES if self._names else _ONLY_HERE
        return "" if scope["scheme"] in _SECURE else _NO_HTTPS


def _is_ours(scope: Scope, headers: Headers) -> bool:
    """Whether a request is no change, or does not come from another website's page.

    A socket carries changes, and every browser says in `Origin` whose page opens it.
    """
    if scope["type"] == "websocket":
        scheme = "https" if scope["scheme"] in _SECURE else "http"
        return "origin" in headers and _is_same_origin(scheme, headers)
    if scope["method"] in SAFE_METHODS or scope["path"] in _FROM_ELSEWHERE:
        return True
    return _is_same_origin(scope["scheme"], headers)


def _is_same_origin(scheme: str, headers: Headers) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    if origin is None:
        # A token counts alone, and no website can make a browser send one.
        is_program = headers.get("authorization", "")[:7].lower() == "bearer "
        return site is not None or "cookie" not in headers or is_program
    own = _parts(f"{scheme}://{headers['host']}")
    return own is not None and _parts(origin) == own


def _parts(origin: str) -> tuple[str, str, int] | None:
    """Scheme, name and port of an origin; None if it is none."""
    try:
        parts = urlsplit(origin)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if origin != f"{parts.scheme}://{parts.netloc}" or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port


def _caching(path: str, status: int) -> str:
    if path.startswith(f"{STATIC_ADDRESS}/") and status < 400:
        return "public, max-age=31536000, immutable"
    return "no-cache" if path.startswith("/static/") else "no-store"


def _with_headers(send: Send, scope: Scope) -> Send:
    path, is_https = scope["path"], scope["scheme"] in _SECURE

    async def send_with_headers(message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.http.response.start"}:
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if is_https:
                headers.setdefault("Strict-Transport-Security", _HSTS)
            # A lesson belongs to its teacher alone: no cache keeps a copy.
            headers.setdefault("Cache-Control", _caching(path, message["status"]))
        await send(message)

    return send_with_headers
