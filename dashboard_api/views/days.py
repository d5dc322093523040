"""Days and weeks of the school's time zone; `zone` None means the computer's own."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from contract.clock import SECOND_NS

__all__ = ["day_of", "monday_of", "start_of"]


def day_of(utc_ns: int, zone: tzinfo | None) -> date:
    """The day at the school."""
    return datetime.fromtimestamp(utc_ns // SECOND_NS, tz=UTC).astimezone(zone).date()


def start_of(day: date, zone: tzinfo | None) -> int:
    """The UTC of the midnight with which a day begins."""
    midnight = datetime.combine(day, time.min)
    local = midnight.astimezone() if zone is None else midnight.replace(tzinfo=zone)
    return round(local.timestamp()) * SECOND_NS


def monday_of(day: date) -> date:
    """The first day of a day's week."""
    return day - timedelta(days=day.weekday())
