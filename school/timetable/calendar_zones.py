"""The time zones of one calendar: by name, by the calendar's own definition, or refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Timezone
from icalendar.timezone import tzp

from contract.dates import check_date
from contract.errors import UsageError

__all__ = ["Zones"]

_ANY_TIME: Final = datetime(2026, 1, 1)  # noqa: DTZ001 - on the wall clock


class Zones:
    """Turns a calendar's dates into aware times.

    A time without a zone is in the calendar's X-WR-TIMEZONE, else in the school's zone. Programs
    that write X-WR-TIMEZONE mean their times in UTC to be read on that clock, so that a series
    keeps its hour over a change of clocks.
    """

    def __init__(self, calendar: Calendar, *, name: str, school: ZoneInfo) -> None:
        self._name = name
        self._own = {
            str(zone.get("TZID", "")): zone
            for zone in calendar.walk("VTIMEZONE")
            if isinstance(zone, Timezone)
        }
        self._found: dict[str, tzinfo] = {}
        shown = str(calendar.get("X-WR-TIMEZONE", "")).strip()
        self._shown = self._zone(shown, f"{name}: X-WR-TIMEZONE") if shown else None
        self._default = self._shown or school

    def aware(self, value: datetime, params: Any, where: str, field: str) -> datetime:
        """A time of a property; raises UsageError where its zone or its year is not known."""
        check_date(value, f"{where}: its {field}")
        tzid = params.get("TZID")
        if tzid:
            return value.replace(tzinfo=self._zone(str(tzid), f"{where}: its {field}"))
        if value.utcoffset() is None:
            return value.replace(tzinfo=self._default)
        return value.astimezone(self._shown or UTC)

    def midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._default)

    def _zone(self, tzid: str, where: str) -> tzinfo:
        if tzid not in self._found:
            self._found[tzid] = self._look_up(tzid, where)
        return self._found[tzid]

    def _look_up(self, tzid: str, where: str) -> tzinfo:
        try:
            known: object = tzp.timezone(tzid)
            if isinstance(known, ZoneInfo):
                return known
            # Not `known`: that may be what another calendar defines under the same name.
            if tzid in self._own:
                own: tzinfo = self._own[tzid].to_tz(lookup_tzid=False)
                own.utcoffset(_ANY_TIME)
                return own
        except (
            ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, OSError
        ) as error:  # fmt: skip
            raise UsageError(
                f"{self._name}: the time zone {tzid!r} can't be read ({error}); correct its TZID."
            ) from error
        raise UsageError(
            f"{where} is in the time zone {tzid!r}, which neither the file nor this machine "
            "defines; correct its TZID."
        )
