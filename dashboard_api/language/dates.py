"""Days, times of day and numbers, as the reader's language writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from contract.clock import SECOND_NS
from contract.language import language, pgettext

__all__ = [
    "date_text",
    "day_month_text",
    "grouped_text",
    "local_time_text",
    "number_text",
    "weekday_date_text",
    "weekday_month_text",
    "weekday_text",
]


def date_text(day: date) -> str:
    """Such as "18 November 2025"."""
    return format_date(day, pgettext("pattern of a date", "d MMMM y"), locale=language().tag)


def day_month_text(day: date) -> str:
    """Such as "18 November", where the year is clear."""
    return format_date(day, pgettext("pattern of a date", "d MMMM"), locale=language().tag)


def weekday_text(day: date) -> str:
    """Such as "Tuesday"."""
    return format_date(day, "EEEE", locale=language().tag)


def weekday_month_text(day: date) -> str:
    """Such as "Tuesday, 18 November"."""
    return format_date(day, pgettext("pattern of a date", "EEEE, d MMMM"), locale=language().tag)


def weekday_date_text(day: date) -> str:
    """Such as "Tuesday, 18 November 2025"."""
    pattern = pgettext("pattern of a date", "EEEE, d MMMM y")
    return format_date(day, pattern, locale=language().tag)


def local_time_text(utc_ns: int, zone: tzinfo | None) -> str:
    """A day and time at the school, such as "18 November 2025, 11:05"."""
    at = datetime.fromtimestamp(utc_ns // SECOND_NS, tz=UTC).astimezone(zone)
    pattern = pgettext("pattern of a date", "d MMMM y, HH:mm")
    return format_datetime(at.replace(tzinfo=None), pattern, locale=language().tag)


def number_text(value: float, digits: int = 0) -> str:
    """A number with so many digits after the decimal sign of the language, and without groups."""
    return format_decimal(value, f"0.{'0' * digits}" if digits else "0", locale=language().tag)


def grouped_text(value: float, digits: int = 0) -> str:
    """The same with groups of three digits, as a sum of money is read: "26,986"."""
    pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
    return format_decimal(value, pattern, locale=language().tag)
