"""What a database's answer means: taken, the points are refused, or it can't take any now. Pure.

The engine's own words are part of each sentence, short and on one line. A page of HTML is nobody's
answer: it comes from what stands in between, or from another program at that address.
"""

from __future__ import annotations

import json
import re
from email.utils import parsedate_to_datetime
from typing import Final

from contract.errors import LinkError, RoomtoneError, shortened

__all__ = [
    "EngineError", "PointsRefusedError", "TooLargeError", "clock_difference_s", "own_words",
    "require_taken",
]  # fmt: skip

_MAX_WORDS: Final = 300
_MAX_WAIT_S: Final = 3_600.0
_REFUSES: Final = frozenset({400, 422})
_MEANING: Final = {
    401: "it refuses the token: set `token_file` to the file with the right one, and check `kind`",
    403: "it refuses the token, or the token may not do this there",
    404: "there is nothing of that name: check `url`, `kind`, `org` and `bucket`",
    405: "this address is not for that: check `url` and `kind`",
    429: "it asks to wait",
    500: "it failed",
    502: "what stands before it can't reach it",
    503: "it can't take any at the moment",
    504: "what stands before it has waited too long",
    507: "its disk is full",
}


class EngineError(LinkError):
    """A database can't be reached, or can't do what is asked, now: try again later."""

    def __init__(self, sentence: str, *, wait_s: float = 0.0) -> None:
        self.wait_s = wait_s
        """How long the database asks to wait."""
        super().__init__(sentence)


class PointsRefusedError(RoomtoneError, ValueError):
    """A database refuses some of the points that were sent together, in its own words."""


class TooLargeError(PointsRefusedError):
    """A database takes no request of that size."""


def require_taken(
    name: str, status: int, body: str, *, kind: str = "", retry_after: str | None = None
) -> None:
    """Return if points were taken or deleted; raises EngineError or PointsRefusedError."""
    is_page = _is_page(kind, body)
    if 200 <= status < 300 and not is_page:
        return
    words = own_words(body)
    if is_page:
        raise EngineError(
            f"{name}: a web page answered instead of the database (status {status}{_said(words)}): "
            "check `url`, and what stands in between."
        )
    if status == 413:
        raise TooLargeError(f"{name} takes no request of that size{_said(words)}.")
    if status in _REFUSES and words:
        raise PointsRefusedError(f"{name} refuses points{_said(words)}.")
    meaning = _MEANING.get(status, f"it answered with status {status}")
    raise EngineError(f"{name}: {meaning}{_said(words)}.", wait_s=_wait_s(retry_after))


def own_words(body: str) -> str:
    """The part of an answer that says why, at most some hundred characters on one line."""
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if isinstance(content, dict):
        found = [
            str(content[key]) for key in ("message", "error", "err", "code") if content.get(key)
        ]
        lines = content.get("data")
        if isinstance(lines, list) and lines and isinstance(lines[0], dict):
            found.append(str(lines[0].get("error_message", "")))
        elif isinstance(lines, dict):
            found.append(str(lines.get("error_message", "")))
        body = ": ".join(each for each in dict.fromkeys(found) if each)
    text = re.sub(
        r"<(style|script)\b.*?(</\1>|$)|<[^>]*(>|$)", " ", body, flags=re.DOTALL | re.IGNORECASE
    )
    return shortened(" ".join(text.split()), _MAX_WORDS)


def clock_difference_s(date: str | None, utc_ns: int) -> float | None:
    """How far a database's clock is ahead of ours, by the date of its answer; None if it has none."""
    try:
        when = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return when.timestamp() - utc_ns / 1e9


def _is_page(kind: str, body: str) -> bool:
    return "html" in kind.lower() or body.lstrip()[:1] == "<"


def _said(words: str) -> str:
    return f", and says “{words}”" if words else ""


def _wait_s(retry_after: str | None) -> float:
    try:
        return min(max(float(retry_after or 0), 0.0), _MAX_WAIT_S)
    except ValueError:
        return 0.0
