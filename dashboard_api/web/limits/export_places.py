"""How many exports that take a while are made at once."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from starlette.responses import Response

from contract.language import _
from dashboard_api.web.limits.stream_places import StreamPlaces
from dashboard_api.web.refusals import error_response

__all__ = ["export_places", "without_place"]

_RETRY_S: Final = 60


def export_places(request: Request) -> StreamPlaces:
    """Those of this application."""
    places = request.app.state.exports
    assert isinstance(places, StreamPlaces)
    return places


def without_place(request: Request, person: str) -> Response | None:
    """The answer if there is no place for an export of this person."""
    if not export_places(request).full(person):
        return None
    return error_response(
        request.headers, 429, _("Too many exports at once"),
        _("An export of yours, or some of others, are being made. Try again in a minute."),
        more_headers={"Retry-After": str(_RETRY_S)},
    )  # fmt: skip
