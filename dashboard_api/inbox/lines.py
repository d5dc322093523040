"""What is new, in words: with names on the page, and as bare counts in a mail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final
from urllib.parse import quote

from dashboard_api.inbox.news import Kind, News
from dashboard_api.views.days import day_words
from dashboard_api.views.text import joined_text, local_time_text, title_text
from dashboard_api.web.store_thread import Stores
from school.audit.entries import SOMEONE_GONE

__all__ = ["Inbox", "InboxLine", "digest_text", "inbox_lines"]

_MAX_LINES: Final = 8
_COUNTS: Final[dict[Kind, tuple[str, str]]] = {
    "shared": ("1 lesson is shared with you", "{n} lessons are shared with you"),
    "waits": (
        "1 shared lesson has waited for three days",
        "{n} shared lessons have waited for three days",
    ),
    "replied": ("1 reply to a note", "{n} replies to notes"),
    "noted": ("1 note in a lesson of yours", "{n} notes in lessons of yours"),
    "proposed": ("1 next step is proposed to you", "{n} next steps are proposed to you"),
    "due": ("1 next step to look back on", "{n} next steps to look back on"),
    "cycle": ("a day of your cycle has come", "{n} days of your cycle have come"),
}
_DIGEST: Final = """\
Hello,

since the last mail there is something new for you in Roomtone:

{lines}

{address}

You get this once a day at most, and only if there is something new. To stop it, press
"No mail" on your start page.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxLine:
    """One line on the start page."""

    text: str
    address: str
    link: str
    """The words of its link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """What the start page has of it."""

    lines: Sequence[InboxLine]
    more: int
    """How many come up once these are looked at."""
    can_mail: bool
    is_mailed: bool


def inbox_lines(stores: Stores, news: Sequence[News], zone: tzinfo | None) -> list[InboxLine]:
    """The newest ones."""
    who = {person for one in news for person in one.who if person}
    names = stores.people.names(who) if who else {}
    return [_line(one, names, zone) for one in news[:_MAX_LINES]]


def digest_text(news: Sequence[News], address: str) -> str:
    """The mail: how many of what, and where to look; no name, no title, no word of anybody."""
    counts = Counter[Kind]()
    for one in news:
        counts[one.kind] += one.n
    lines = [
        f"- {single if counts[kind] == 1 else many.format(n=counts[kind])}"
        for kind, (single, many) in _COUNTS.items()
        if counts[kind]
    ]
    return _DIGEST.format(lines="\n".join(lines), address=address)


def _line(news: News, names: dict[str, str], zone: tzinfo | None) -> InboxLine:
    if news.due is not None:
        text = f"Due in your cycle since {day_words(news.due.day)}: {news.due.words}."
        return InboxLine(text=text, address="/cycle", link="Your cycle")
    lesson = news.lesson
    assert lesson is not None
    title = title_text(lesson.title, lesson.room)
    what = f"{title}, {local_time_text(lesson.starts_utc_ns, zone)}"
    who = joined_text([names.get(one, SOMEONE_GONE) for one in news.who])
    who = who[:1].upper() + who[1:]
    address = f"/lessons/{quote(lesson.id, safe='')}"
    match news.kind:
        case "shared":
            return InboxLine(text=f"{who} shares {what} with you.", address=address, link="Look")
        case "waits":
            text = f"{who} shared {what} with you more than three days ago."
            return InboxLine(text=text, address=address, link="Look")
        case "replied":
            replies = "a reply" if news.n == 1 else f"{news.n} replies"
            return InboxLine(text=f"{who} wrote {replies} in {what}.", address=address, link="Read")
        case "noted":
            notes = "a note" if news.n == 1 else f"{news.n} notes"
            return InboxLine(text=f"{who} wrote {notes} in {what}.", address=address, link="Read")
        case "proposed":
            text = f"{who} proposes a next step after {what}."
            return InboxLine(text=text, address=f"{address}/step", link="Answer")
        case _:
            text = f"You have taught {what} since you wrote your next step. How did it go?"
            return InboxLine(text=text, address=f"{address}/step", link="Say how it went")
