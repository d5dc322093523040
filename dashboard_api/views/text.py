"""Texts for the pages: what was sensed, and how far to trust it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import Final

from contract.clock import SECOND_NS
from ingest.stores.notices import Notice

__all__ = [
    "ACTIVITY_TEXT",
    "GAP_TEXT",
    "TRUST",
    "iso_text",
    "joined_text",
    "length_text",
    "lively_text",
    "local_time_text",
    "marked_text",
    "movement_text",
    "notice_sentence",
    "position_text",
    "sensed_text",
    "times_text",
    "title_text",
    "zone_text",
]

TRUST: Final = "tested on simulated lessons only; not yet checked in real classrooms"
"""Shown next to each estimate until a school has checked enough moments."""

GAP_TEXT: Final[Mapping[str, str]] = MappingProxyType({
    "serial": "the sensors' cable or hub did not answer",
    "unused": "the sensors sent data that could not be used",
    "off": "the kit was off",
    "paused": "someone paused the kit",
    "died": "the kit lost power or restarted",
    "outbox_full": "the kit's memory was full",
    "damaged": "the kit's memory was damaged",
    "not_received": "no data has arrived from the kit",
})  # fmt: skip
"""Why a stretch has no values, for each reason of a gap."""

ACTIVITY_TEXT: Final[Mapping[str, str]] = MappingProxyType({
    "individual_work": "individual work",
    "whole_class": "whole class",
    "small_group": "small groups",
    "test": "test",
    "transition": "transition",
})  # fmt: skip


def notice_sentence(notice: Notice) -> str:
    """What ingest noticed about a kit, and what to do about it."""
    often = "once" if notice.count == 1 else f"{notice.count} times"
    return (
        f"{notice.sentence[:1].upper()}{notice.sentence[1:]} ({often}). "
        "Ask a technician to check it: it may be broken, or someone may have changed it."
    )


def movement_text(level_db: float, *, noun: str = " movement") -> str:
    """Movement compared with its own normal, which is 0 dB; in a column "Movement" without noun."""
    if math.isnan(level_db):
        return "not known"
    if abs(level_db) < 2.0:
        return f"about as much{noun} as usual"
    much = "much " if abs(level_db) >= 5.0 else ""
    return f"{much}{'more' if level_db > 0 else 'less'}{noun} than usual"


def times_text(level_db: float) -> str:
    """A level as a factor: `1.8 times`; movement is an amplitude, so 6 dB double it."""
    return f"{10.0 ** (level_db / 20.0):.1f} times"


def position_text(second: float) -> str:
    """A time in the lesson as `m:ss`, or `h:mm:ss` from one hour on."""
    whole = int(second)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def joined_text(parts: Sequence[str]) -> str:
    """Parts of a sentence: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def length_text(seconds: float) -> str:
    """A length for people: `45 s`, `3 min 20 s`, `50 min`, `2 h 30 min`, `3 days`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 600 and whole % 60:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(whole / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours = minutes // 60
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"


def lively_text(n: int | None) -> str:
    """How many lively stretches a lesson has, for the list and the lesson page; None if not scored."""
    if n is None:
        return "not scored yet"
    return "no lively stretch" if n == 0 else f"{n} lively {'stretch' if n == 1 else 'stretches'}"


def marked_text(n: int) -> str:
    """How many moments people marked in a lesson."""
    return "nothing marked" if n == 0 else f"{n} moment{'' if n == 1 else 's'} marked"


def sensed_text(share: float | None) -> str:
    """How complete a lesson's data is; `share` is the part that was sensed, 0 to 1."""
    if share is None:
        return "not started yet"
    if share == 0:
        return "nothing sensed"
    if share >= 0.995:
        return "sensed throughout"
    # Rounded down: an incomplete lesson never shows 100 %.
    return f"{int(share * 100)} % sensed"


def zone_text(zone: str) -> str:
    """A zone's name in a sentence."""
    return "the whole room" if zone == "room" else zone


def title_text(title: str, room: str) -> str:
    """A lesson's title, or one made from its room."""
    return title.strip() or f"Lesson in {room}"


def iso_text(utc_ns: int, zone: tzinfo | None) -> str:
    """A time for programs and filters: ISO 8601 with the school's offset."""
    return datetime.fromtimestamp(utc_ns // SECOND_NS, tz=UTC).astimezone(zone).isoformat()


def local_time_text(utc_ns: int, zone: tzinfo | None) -> str:
    """A day and time at the school, such as "18 November 2025, 11:05"."""
    at = datetime.fromtimestamp(utc_ns // SECOND_NS, tz=UTC).astimezone(zone)
    return f"{at.day} {at:%B %Y}, {at:%H:%M}"
