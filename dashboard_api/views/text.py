"""What the pages say, in the words of the design: what was sensed, and how far to trust it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ingest.stores.notices import Notice

__all__ = [
    "ACTIVITY_TEXT",
    "GAP_TEXT",
    "TRUST",
    "length_text",
    "movement_text",
    "notice_sentence",
    "position_text",
    "sensed_text",
    "signs_text",
    "times_text",
    "title_text",
    "zone_text",
]

TRUST: Final = "tested on simulated lessons only; not yet checked in real classrooms"
"""Stands next to each use of a probability until a school has checked enough moments."""

GAP_TEXT: Final[Mapping[str, str]] = MappingProxyType({
    "serial": "the sensors' cable or hub did not answer",
    "unused": "what the sensors sent could not be used",
    "off": "the kit was off",
    "paused": "someone paused the kit",
    "died": "the kit lost power or restarted",
    "outbox_full": "the kit's memory was full",
    "damaged": "the kit's memory was damaged",
    "not_received": "nothing has arrived from the kit",
})  # fmt: skip
"""Why a stretch has no values, for each reason that a gap can have."""

ACTIVITY_TEXT: Final[Mapping[str, str]] = MappingProxyType({
    "individual_work": "individual work",
    "whole_class": "whole class",
    "small_group": "small groups",
    "test": "test",
    "transition": "transition",
})  # fmt: skip


def notice_sentence(notice: Notice) -> str:
    """What ingest holds against a kit, and what to do about it."""
    often = "once" if notice.count == 1 else f"{notice.count} times"
    return (
        f"{notice.sentence[:1].upper()}{notice.sentence[1:]} ({often}). "
        "Have a technician look at it: it may be broken, or somebody may have changed it."
    )


def movement_text(level_db: float) -> str:
    """Movement against its own normal, which is 0 dB."""
    if math.isnan(level_db):
        return "not sensed"
    if abs(level_db) < 2.0:
        return "about as much movement as usual"
    much = "much " if abs(level_db) >= 5.0 else ""
    return f"{much}{'more' if level_db > 0 else 'less'} movement than usual"


def times_text(level_db: float) -> str:
    """A level as a factor: `1.8 times`; movement is an amplitude, so 6 dB double it."""
    return f"{10.0 ** (level_db / 20.0):.1f} times"


def position_text(second: float) -> str:
    """A place in a lesson as `m:ss`, or `h:mm:ss` from an hour on."""
    whole = int(second)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def length_text(seconds: float) -> str:
    """A length as a person says it: `45 s`, `3 min 20 s`, `50 min`, `2 h 30 min`, `3 days`."""
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


def signs_text(n: int) -> str:
    """How many signs a lesson has; the list and the lesson page say the same."""
    return "no signs" if n == 0 else "1 sign" if n == 1 else f"{n} signs"


def sensed_text(share: float | None) -> str:
    """How complete a lesson's data is, from the share of it that was sensed."""
    if share is None:
        return "not begun"
    if share == 0:
        return "nothing sensed"
    if share >= 0.995:
        return "sensed throughout"
    # Rounded down: never 100 % of what is not whole.
    return f"{int(share * 100)} % sensed"


def zone_text(zone: str) -> str:
    """A zone's name in a sentence."""
    return "the whole room" if zone == "room" else zone


def title_text(title: str, room: str) -> str:
    """A lesson's title, also where nobody gave it one."""
    return title.strip() or f"Lesson in {room}"
