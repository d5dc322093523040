"""What is new, in words: with names on the page, and as bare counts in a mail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final, get_args
from urllib.parse import quote

from contract.language import N_, _, ngettext
from dashboard_api.inbox.news import Kind, News
from dashboard_api.language.dates import date_text, local_time_text
from dashboard_api.views.text import joined_text, title_text
from dashboard_api.web.store_thread import Stores
from school.audit.entries import SOMEONE_GONE

__all__ = ["Inbox", "InboxLine", "digest_text", "inbox_lines"]

_MAX_LINES: Final = 8
_DIGEST: Final = N_("""\
Hello,

since the last mail there is something new for you in Roomtone:

{lines}

{address}

You get this once a day at most, and only if there is something new. To stop it, press
"No mail" on your start page.
""")


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
    lines = [f"- {_count_text(kind, counts[kind])}" for kind in get_args(Kind) if counts[kind]]
    return _(_DIGEST, lines="\n".join(lines), address=address)


def _count_text(kind: Kind, n: int) -> str:
    match kind:
        case "shared":
            return ngettext("{n} lesson is shared with you", "{n} lessons are shared with you", n)
        case "waits":
            return ngettext(
                "{n} shared lesson has waited for three days",
                "{n} shared lessons have waited for three days",
                n,
            )
        case "replied":
            return ngettext("{n} reply to a note", "{n} replies to notes", n)
        case "noted":
            return ngettext("{n} note in a lesson of yours", "{n} notes in lessons of yours", n)
        case "proposed":
            return ngettext(
                "{n} next step is proposed to you", "{n} next steps are proposed to you", n
            )
        case "due":
            return ngettext("{n} next step to look back on", "{n} next steps to look back on", n)
        case "cycle":
            return ngettext("a day of your cycle has come", "{n} days of your cycle have come", n)


def _line(news: News, names: dict[str, str], zone: tzinfo | None) -> InboxLine:
    if news.due is not None:
        text = _(
            "Due in your cycle since {day}: {what}.",
            day=date_text(news.due.day),
            what=news.due.words,
        )
        return InboxLine(text=text, address="/cycle", link=_("Your cycle"))
    lesson = news.lesson
    assert lesson is not None
    what = _(
        "{title}, {at}",
        title=title_text(lesson.title, lesson.room),
        at=local_time_text(lesson.starts_utc_ns, zone),
    )
    who = joined_text([names.get(one, _(SOMEONE_GONE)) for one in news.who])
    who = who[:1].upper() + who[1:]
    address = f"/lessons/{quote(lesson.id, safe='')}"
    match news.kind:
        case "shared":
            text = _("{who} shares {what} with you.", who=who, what=what)
            return InboxLine(text=text, address=address, link=_("Look"))
        case "waits":
            text = _("{who} shared {what} with you more than three days ago.", who=who, what=what)
            return InboxLine(text=text, address=address, link=_("Look"))
        case "replied":
            text = ngettext(
                "{who} wrote a reply in {what}.", "{who} wrote {n} replies in {what}.", news.n,
                who=who, what=what,
            )  # fmt: skip
            return InboxLine(text=text, address=address, link=_("Read"))
        case "noted":
            text = ngettext(
                "{who} wrote a note in {what}.", "{who} wrote {n} notes in {what}.", news.n,
                who=who, what=what,
            )  # fmt: skip
            return InboxLine(text=text, address=address, link=_("Read"))
        case "proposed":
            text = _("{who} proposes a next step after {what}.", who=who, what=what)
            return InboxLine(text=text, address=f"{address}/step", link=_("Answer"))
        case _:
            text = _(
                "You have taught {what} since you wrote your next step. How did it go?", what=what
            )
            return InboxLine(text=text, address=f"{address}/step", link=_("Say how it went"))
