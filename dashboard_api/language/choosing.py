"""Which language an answer comes in: what the person chose, or what their browser asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from babel.core import negotiate_locale
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from contract.language import Language, speaking
from dashboard_api.language import LANGUAGES

__all__ = ["Speaking", "asked_for", "language_of"]

_MAX_HEADER: Final = 200
"""Of what a browser asks for; a longer list says nothing more."""


class Speaking:
    """Answers each request in the language that its browser asks for.

    Who is signed in may have chosen another one: `web/access.py` speaks that from there on.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        with speaking(asked_for(Headers(scope=scope).get("accept-language", ""))):
            await self._app(scope, receive, send)


def asked_for(header: str) -> Language:
    """The first of our languages that a header `Accept-Language` has; `es-MX` is `es`."""
    tag = negotiate_locale(_by_weight(header[:_MAX_HEADER]), list(LANGUAGES), sep="-")
    # As the browser writes it: "ES" is "es".
    return language_of({known.lower(): known for known in LANGUAGES}.get((tag or "").lower()))


def language_of(tag: str | None) -> Language:
    """The language with this tag; the first one if there is none."""
    return LANGUAGES.get(tag or "", next(iter(LANGUAGES.values())))


def _by_weight(header: str) -> list[str]:
    """The tags of a header, the most wanted first; RFC 9110, 12.5.4."""
    weighed = [
        (-weight, place, tag)
        for place, (tag, weight) in enumerate(_weights(header))
        if tag and weight > 0
    ]
    return [tag for _weight, _place, tag in sorted(weighed)]


def _weights(header: str) -> Iterator[tuple[str, float]]:
    for part in header.split(","):
        tag, _semicolon, rest = part.partition(";")
        try:
            weight = float(rest.partition("=")[2]) if rest.strip() else 1.0
        except ValueError:
            weight = 0.0
        yield tag.strip(), weight
