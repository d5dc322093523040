"""After each change that is kept, the open debriefs are looked at again."""

from __future__ import annotations

import re
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard_api.together.debriefs import Debriefs
from dashboard_api.web.network.security import SAFE_METHODS

__all__ = ["Announcing"]

_OF_LESSON: Final = re.compile(r"(?:/api)?/lessons/([^/]+)/")


class Announcing:
    """ASGI middleware: what a request has changed is news to others, or ends a share or a session.

    It stands around all routes, so that one which is added later is announced too.
    """

    def __init__(self, app: ASGIApp, debriefs: Debriefs) -> None:
        self._app = app
        self._debriefs = debriefs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self._app(scope, receive, send)
            return

        async def send_and_announce(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                found = _OF_LESSON.match(scope["path"])
                self._debriefs.announce(None if found is None else found[1])
            await send(message)

        await self._app(scope, receive, send_and_announce)
