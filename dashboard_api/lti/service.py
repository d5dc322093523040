"""Launches from learning platforms, from the first request to the page that was asked for.

What is under way is in memory alone. So what was sent before this program started again is refused,
and so is what was used already: a token fits one nonce, and a nonce belongs to one state, which goes
with its first use.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urlencode, urlsplit, urlunsplit

from contract.clock import SECOND_NS
from contract.language import N_, _
from dashboard_api.lti.launch_token import Launch, check_launch
from dashboard_api.lti.platform_keys import PlatformKeys
from dashboard_api.lti.refused import LaunchRefusedError, lost, unknown_platform, untrusted
from dashboard_api.openid.id_token import UnknownKeyError
from dashboard_api.web.store_thread import StoreThread
from school.lti.records import Platform
from school.people.tokens import new_token

__all__ = ["FLOW_S", "Frame", "LaunchService", "LoginRequest", "Started", "Waiting"]

FLOW_S: Final = 600
"""So long a launch may take, with signing in and choosing a lesson."""
_MAX_FLOWS: Final = 1_000
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_UNKNOWN_KEY: Final = N_("it is signed with a key that the platform does not publish")
_BARE: Final = N_("This address is for learning platforms. Open Roomtone by its link there.")
_ERROR: Final = N_(
    "{platform} did not confirm who you are. Sign in there, and open Roomtone by its link again."
)
_SEVERAL: Final = N_(
    "The learning platform did not say which of its registrations it means. Ask an administrator."
)
T = TypeVar("T")
K = TypeVar("K", "Frame", "_Flow", "Waiting")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRequest:
    """With what a platform begins (Security Framework 1.0, 5.1.1.1)."""

    issuer: str
    login_hint: str
    message_hint: str = ""
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """A launch that a browser has begun."""

    cookie: str
    """Binds it to the browser."""
    address: str
    """Of the platform, which answers with the token."""


@dataclass(slots=True, kw_only=True)
class Frame:
    """A page of the platform in which ours stands, and waits for the window of its own."""

    request: LoginRequest
    expires_utc_ns: int
    is_done: bool = False
    return_url: str = ""
    token: str = field(default="", repr=False)
    """What it posts to `return_url`; both are empty where nothing is to be returned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flow:
    cookie: str
    nonce: str = field(repr=False)
    platform: str
    frame: str
    expires_utc_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A launch that is checked, and waits for its person."""

    launch: Launch
    title: str
    """What people call the platform."""
    cookie: str
    frame: str
    expires_utc_ns: int


class LaunchService:
    """All that is under way."""

    def __init__(self, store: StoreThread) -> None:
        self._store = store
        self._keys = PlatformKeys(store.people_clock)
        self._frames: dict[str, Frame] = {}
        self._flows: dict[str, _Flow] = {}
        self._waiting: dict[str, Waiting] = {}

    async def platform(self, request: LoginRequest) -> Platform:
        """Who begins; raises LaunchRefusedError."""
        if not request.issuer or not request.login_hint:
            raise LaunchRefusedError(_(_BARE), "no issuer, or no login hint", 400)
        found = await self._store.run(
            lambda stores: stores.platforms.of_issuer(request.issuer, request.client_id or None)
        )
        if not found:
            raise unknown_platform()
        if len(found) > 1:
            raise LaunchRefusedError(_(_SEVERAL), "several registrations, and no client id", 400)
        return found[0]

    def begin_frame(self, request: LoginRequest) -> str:
        """A name for a frame, which whoever has it may continue from in a window."""
        return self._remember(self._frames, Frame(request=request, expires_utc_ns=self._until()))

    def frame(self, name: str) -> Frame:
        """A frame; raises LaunchRefusedError."""
        return self._known(self._frames, name)

    async def start(
        self, request: LoginRequest, *, redirect_uri: str, cookie: str, frame: str = ""
    ) -> Started:
        """Begin a launch in a window; raises LaunchRefusedError."""
        platform = await self.platform(request)
        cookie = cookie if _TOKEN.fullmatch(cookie) else new_token()
        nonce = new_token()
        state = self._remember(
            self._flows,
            _Flow(
                cookie=cookie, nonce=nonce, platform=platform.name, frame=frame,
                expires_utc_ns=self._until(),
            ),
        )  # fmt: skip
        asked = {
            "scope": "openid", "response_type": "id_token", "response_mode": "form_post",
            "prompt": "none", "client_id": platform.client_id, "redirect_uri": redirect_uri,
            "login_hint": request.login_hint, "state": state, "nonce": nonce,
        }  # fmt: skip
        if request.message_hint:
            asked["lti_message_hint"] = request.message_hint
        return Started(cookie, _with_query(platform.auth_url, asked))

    async def check(self, token: str, state: str) -> str:
        """Check what the platform sent; a name for what waits then. Raises LaunchRefusedError."""
        flow = self._known(self._flows, state)
        del self._flows[state]
        platform = await self._store.run(lambda stores: stores.platforms.platform(flow.platform))
        if platform is None:
            raise unknown_platform()
        if not token:
            raise LaunchRefusedError(
                _(_ERROR, platform=platform.title), "the platform reports an error"
            )
        launch = await self._launch(token, platform, flow.nonce)
        waiting = Waiting(
            launch=launch, title=platform.title, cookie=flow.cookie, frame=flow.frame,
            expires_utc_ns=self._until(),
        )  # fmt: skip
        return self._remember(self._waiting, waiting)

    async def _launch(self, token: str, platform: Platform, nonce: str) -> Launch:
        utc_s = self._store.people_clock.utc_ns() // SECOND_NS
        keys = await self._keys.keys(platform)
        try:
            return check_launch(token, keys, platform, nonce=nonce, utc_s=utc_s)
        except UnknownKeyError:
            keys = await self._keys.newer(platform)
        try:
            return check_launch(token, keys, platform, nonce=nonce, utc_s=utc_s)
        except UnknownKeyError:
            raise untrusted(platform.title, _UNKNOWN_KEY) from None

    def waiting(self, name: str, cookie: str) -> Waiting:
        """A launch of this very browser; raises LaunchRefusedError."""
        found = self._known(self._waiting, name)
        if not hmac.compare_digest(found.cookie.encode(), cookie.encode()):
            raise lost()
        return found

    def end(self, name: str, *, return_url: str = "", token: str = "") -> bool:
        """It has come to its page; whether a frame waits for that, and posts the token."""
        waiting = self._waiting.pop(name, None)
        frame = None if waiting is None else self._frames.get(waiting.frame)
        if frame is None:
            return False
        frame.is_done, frame.return_url, frame.token = True, return_url, token
        return True

    def _until(self) -> int:
        return self._store.people_clock.utc_ns() + FLOW_S * SECOND_NS

    def _remember(self, kept: dict[str, T], value: T) -> str:
        while len(kept) >= _MAX_FLOWS:
            del kept[next(iter(kept))]
        name = new_token()
        kept[name] = value
        return name

    def _known(self, kept: dict[str, K], name: str) -> K:
        found = kept.get(name)
        if found is None or found.expires_utc_ns <= self._store.people_clock.utc_ns():
            kept.pop(name, None)
            raise lost()
        return found


def _with_query(address: str, asked: dict[str, str]) -> str:
    parts = urlsplit(address)
    query = "&".join(each for each in (parts.query, urlencode(asked)) if each)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
