"""Days that people choose, in the school's time zone, and times in a lesson that they type."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from contract.clock import SECOND_NS
from contract.errors import UsageError
from contract.language import _

__all__ = ["MAX_DAYS", "day_of", "end_of_day", "typed_seconds"]

MAX_DAYS: Final = 365


def end_of_day(last_day: date, now_utc_ns: int, zone: tzinfo | None) -> int:
    """The end of a day, which must be today or within a year; raises UsageError."""
    today = day_of(now_utc_ns, zone)
    if not today <= last_day <= today + timedelta(days=MAX_DAYS):
        raise UsageError(_("The last day must be today or later, and within a year."))
    midnight = datetime.combine(last_day + timedelta(days=1), time.min)
    local = midnight.astimezone() if zone is None else midnight.replace(tzinfo=zone)
    return round(local.timestamp()) * SECOND_NS


def day_of(utc_ns: int, zone: tzinfo | None) -> date:
    """The day of a time."""
    return datetime.fromtimestamp(utc_ns / SECOND_NS, tz=UTC).astimezone(zone).date()


def typed_seconds(text: str) -> int | None:
    """A time in a lesson as people type it: `m:ss`, `h:mm:ss` or whole minutes; None for nothing."""
    parts = [int(part) for part in text.split(":") if text.strip()]
    if not parts:
        return None
    if len(parts) == 1:
        return parts[0] * 60
    whole = 0
    for part in parts:
        whole = whole * 60 + part
    return whole
