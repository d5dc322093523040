"""Texts for the pages: what was sensed, and how far to trust it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import Final

from contract.clock import SECOND_NS
from contract.language import N_, _, ngettext
from dashboard_api.language.dates import number_text
from dashboard_api.language.recorded import recorded_text
from ingest.stores.notices import Notice

__all__ = [
    "ACTIVITY_TEXT",
    "GAP_TEXT",
    "TRUST",
    "amount_text",
    "factor_text",
    "iso_text",
    "joined_text",
    "length_text",
    "lively_text",
    "marked_text",
    "movement_text",
    "natural_key",
    "notice_sentence",
    "position_text",
    "scale_text",
    "sensed_text",
    "times_text",
    "title_text",
    "zone_text",
]

TRUST: Final = N_("tested on simulated lessons only; not yet checked in real classrooms")
"""Shown next to each estimate until a school has checked enough moments."""

GAP_TEXT: Final[Mapping[str, str]] = MappingProxyType({
    "serial": N_("the sensors' cable or hub did not answer"),
    "unused": N_("the sensors sent data that could not be used"),
    "off": N_("the kit was off"),
    "paused": N_("someone paused the kit"),
    "died": N_("the kit lost power or restarted"),
    "outbox_full": N_("the kit's memory was full"),
    "damaged": N_("the kit's memory was damaged"),
    "not_received": N_("no data has arrived from the kit"),
})  # fmt: skip
"""Why a stretch has no values, for each reason of a gap; `_` translates it where it is shown."""

ACTIVITY_TEXT: Final[Mapping[str, str]] = MappingProxyType({
    "individual_work": N_("individual work"),
    "whole_class": N_("whole class"),
    "small_group": N_("small groups"),
    "test": N_("test"),
    "transition": N_("transition"),
})  # fmt: skip

_MOVEMENT: Final = (
    N_("much less movement than usual"), N_("less movement than usual"),
    N_("about as much movement as usual"),
    N_("more movement than usual"), N_("much more movement than usual"),
)  # fmt: skip
_AMOUNT: Final = (
    N_("much less than usual"), N_("less than usual"), N_("about as much as usual"),
    N_("more than usual"), N_("much more than usual"),
)  # fmt: skip
"""The same below the heading "Movement"."""


def notice_sentence(notice: Notice) -> str:
    """What ingest noticed about a kit, and what to do about it."""
    what = recorded_text(notice.sentence)
    return ngettext(
        "{what} (once). Ask a technician to check it: it may be broken, or someone may have changed it.",
        "{what} ({n} times). Ask a technician to check it: it may be broken, or someone may have "
        "changed it.",
        notice.count, what=f"{what[:1].upper()}{what[1:]}",
    )  # fmt: skip


def movement_text(level_db: float) -> str:
    """Movement compared with its own normal, which is 0 dB."""
    return scale_text(level_db, _MOVEMENT)


def amount_text(level_db: float) -> str:
    """The same without the word: in a column "Movement"."""
    return scale_text(level_db, _AMOUNT)


def scale_text(level_db: float, words: Sequence[str]) -> str:
    """Of five words, from much less to much more, the one for a level."""
    if math.isnan(level_db):
        return _("not known")
    step = 0 if abs(level_db) < 2.0 else 1 if abs(level_db) < 5.0 else 2
    return _(words[2 + (step if level_db > 0 else -step)])


def times_text(level_db: float) -> str:
    """A level as a factor: `1.8 times`; movement is an amplitude, so 6 dB double it."""
    return _("{factor} times", factor=factor_text(level_db))


def factor_text(level_db: float) -> str:
    """The factor alone, where the sentence around it says "times"."""
    return number_text(10.0 ** (level_db / 20.0), 1)


def position_text(second: float) -> str:
    """A time in the lesson as `m:ss`, or `h:mm:ss` from one hour on."""
    whole = int(second)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def joined_text(parts: Sequence[str]) -> str:
    """Parts of a sentence: "a", "a and b", "a, b and c"."""
    *first, last = parts or [""]
    return _("{first} and {last}", first=", ".join(first), last=last) if first else last


def length_text(seconds: float) -> str:
    """A length for people: `45 s`, `3 min 20 s`, `50 min`, `2 h 30 min`, `3 days`."""
    whole = round(seconds)
    if whole < 60:
        return _("{s} s", s=whole)
    if whole < 600 and whole % 60:
        return _("{min} min {s} s", min=whole // 60, s=whole % 60)
    minutes = round(whole / 60)
    if minutes < 120:
        return _("{min} min", min=minutes)
    hours = minutes // 60
    if hours >= 48:
        return ngettext("{n} day", "{n} days", hours // 24)
    if minutes % 60:
        return _("{h} h {min} min", h=hours, min=minutes % 60)
    return _("{h} h", h=hours)


def lively_text(n: int | None) -> str:
    """How many lively stretches a lesson has, for the list and the lesson page; None if not scored."""
    if n is None:
        return _("not scored yet")
    if n == 0:
        return _("no lively stretch")
    return ngettext("{n} lively stretch", "{n} lively stretches", n)


def marked_text(n: int) -> str:
    """How many moments people marked in a lesson."""
    if n == 0:
        return _("nothing marked")
    return ngettext("{n} moment marked", "{n} moments marked", n)


def sensed_text(share: float | None) -> str:
    """How complete a lesson's data is; `share` is the part that was sensed, 0 to 1."""
    if share is None:
        return _("not started yet")
    if share == 0:
        return _("nothing sensed")
    if share >= 0.995:
        return _("sensed throughout")
    # Rounded down: an incomplete lesson never shows 100 %.
    return _("{n} % sensed", n=int(share * 100))


def zone_text(zone: str) -> str:
    """A zone's name in a sentence."""
    return _("the whole room") if zone == "room" else zone


def title_text(title: str, room: str) -> str:
    """A lesson's title, or one made from its room."""
    return title.strip() or _("Lesson in {room}", room=room)


def iso_text(utc_ns: int, zone: tzinfo | None) -> str:
    """A time for programs and filters: ISO 8601 with the school's offset."""
    return datetime.fromtimestamp(utc_ns // SECOND_NS, tz=UTC).astimezone(zone).isoformat()


def natural_key(text: str) -> list[str | int]:
    """Sorts names as people do: "Room 2" before "Room 10"."""
    parts = re.split("([0-9]+)", text.casefold())
    return [int(part) if at % 2 else part for at, part in enumerate(parts)]
