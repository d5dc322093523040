"""What a person reads where a time-series database doesn't answer as it should."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

from contract.errors import StoreError, shortened
from contract.language import _

__all__ = ["MAX_ANSWER_BYTES", "DatabaseError", "endless", "garbled", "refusal", "unreachable"]

MAX_ANSWER_BYTES: Final = 256 << 20
"""More than a day of a room with every quantity: what is longer is no lesson."""
_MAX_SAID: Final = 200
_TITLE: Final = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_TAG: Final = re.compile(r"<[^>]*>?")


class DatabaseError(StoreError):
    """A time-series database doesn't answer as it should; `say` has it in the reader's language."""

    def __init__(self, say: Callable[[], str]) -> None:
        self.say = say
        super().__init__(say())


def unreachable(url: str, why: str) -> DatabaseError:
    """No answer at all."""
    return DatabaseError(
        lambda: _(
            "The database with the lessons, {url}, can't be reached ({why}). Ask the person who "
            "runs the server.",
            url=url, why=shortened(why, _MAX_SAID),
        )
    )  # fmt: skip


def refusal(url: str, status: int, body: bytes) -> DatabaseError:
    """An answer that says no, in the database's own words."""
    said = _words(body) or str(status)
    if status in {401, 403}:
        return DatabaseError(
            lambda: _(
                "The database with the lessons, {url}, does not accept this dashboard's token "
                "({status}: {said}). Ask the person who runs the server.",
                url=url, status=status, said=said,
            )
        )  # fmt: skip
    if status == 404:
        return DatabaseError(
            lambda: _(
                "The database with the lessons, {url}, has no such address or bucket ({status}: "
                "{said}). Ask the person who runs the server.",
                url=url, status=status, said=said,
            )
        )  # fmt: skip
    return DatabaseError(
        lambda: _(
            "The database with the lessons, {url}, answers with an error ({status}: {said}). Ask "
            "the person who runs the server.",
            url=url, status=status, said=said,
        )
    )  # fmt: skip


def garbled(url: str, body: bytes) -> DatabaseError:
    """An answer that is none: of another program, or only half of one."""
    said = _words(body)
    return DatabaseError(
        lambda: _(
            "The database with the lessons, {url}, gave an answer that can't be read ({said}). Ask "
            "the person who runs the server.",
            url=url, said=said or _("it is empty"),
        )
    )  # fmt: skip


def endless(url: str) -> DatabaseError:
    """More than a lesson can be."""
    return DatabaseError(
        lambda: _(
            "The database with the lessons, {url}, gave an answer of more than {n} MB. Ask the "
            "person who runs the server.",
            url=url, n=MAX_ANSWER_BYTES >> 20,
        )
    )  # fmt: skip


def _words(body: bytes) -> str:
    """What an error's body says, as one short line."""
    text = body[:4_096].decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        text = str(found.get("message") or found.get("error") or text)
    elif title := _TITLE.search(text):
        text = title[1]
    words = " ".join(_TAG.sub(" ", text).split())
    return shortened(words, _MAX_SAID)
