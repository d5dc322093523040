"""After each change that is kept, the open debriefs are looked at again."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard_api.together.debriefs import Debriefs
from dashboard_api.web.network.security import SAFE_METHODS

__all__ = ["Announcing"]


class Announcing:
    """ASGI middleware: what a request has changed may end a share, or a session."""

    def __init__(self, app: ASGIApp, debriefs: Debriefs) -> None:
        self._app = app
        self._debriefs = debriefs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return

        async def send_and_announce(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                self._debriefs.look_again()
            await send(message)

        await self._app(scope, receive, send_and_announce)
