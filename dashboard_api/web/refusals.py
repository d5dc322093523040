"""Responses that refuse a request, and how often that happened."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Literal, get_args

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from dashboard_api.web.rendering import page

__all__ = ["REASONS", "Reason", "RefusalCounts", "error_response", "raw_error_response"]

Reason = Literal[
    "body_size",
    "body_time",
    "connections",
    "evicted",
    "head_size",
    "head_time",
    "malformed",
    "messages",
    "provider",
    "send_time",
    "sign_in",
    "streams",
]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)
_MAX_SENTENCE: Final = 500


@dataclass(slots=True)
class RefusalCounts:
    """How often each limit was reached since the program started."""

    by_reason: Counter[Reason] = field(default_factory=Counter)

    def add(self, reason: Reason) -> None:
        self.by_reason[reason] += 1


def error_response(
    headers: Headers,
    status: int,
    title: str,
    sentence: str,
    *,
    more_headers: dict[str, str] | None = None,
) -> Response:
    """A page for a person, JSON for a program; `headers` are the request's."""
    # It may quote the request: that can be long, or text that can't be encoded.
    sentence = sentence[:_MAX_SENTENCE].encode("utf-8", "replace").decode()
    response: Response
    if "text/html" in headers.get("accept", "") and "hx-request" not in headers:
        response = page("shared/error.html", status_code=status, title=title, sentence=sentence)
    else:
        response = JSONResponse({"detail": sentence}, status_code=status)
    response.headers.update(more_headers or {})
    return response


def raw_error_response(status: int, sentence: str, *, retry_after_s: int | None = None) -> bytes:
    """A response to a request that can't be read; the caller closes the connection."""
    body = json.dumps({"detail": sentence}).encode()
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Connection: close",
    ]
    if retry_after_s is not None:
        lines.append(f"Retry-After: {retry_after_s}")
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body
