"""Retention in a replica: what is past its days, counted from the end of its lesson, is deleted there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from contract.clock import SECOND_NS
from ingest.replicas.line_protocol import fitting
from ingest.replicas.outlet import Outlet
from ingest.replicas.progress import Progress
from ingest.settings import RetentionSettings
from ingest.stores.protocol import PeriodReader

__all__ = ["past_their_days", "retire"]

_DAY_NS: Final = 86_400 * SECOND_NS


def past_their_days(over_utc_ns: int, days: RetentionSettings, now_utc_ns: int) -> tuple[str, ...]:
    """The measurements of a lesson that are not to be there any more."""
    kinds = (("seat", days.seat_days), ("room", days.room_days))
    return tuple(name for name, kept in kinds if over_utc_ns < now_utc_ns - kept * _DAY_NS)


def retire(
    outlet: Outlet,
    progress: Progress,
    days: RetentionSettings,
    reader: PeriodReader,
    now_utc_ns: int,
) -> Iterator[str]:
    """Delete what is past its days; yields the lessons of which nothing is left."""
    note = reader.clock_note()
    if note is not None and now_utc_ns < note.retention_from_utc_ns:
        return  # the server's clock was set
    kinds = (("seat", days.seat_days), ("room", days.room_days), (None, days.score_days))
    for measurement, kept_days in kinds:
        for known in progress.lessons_over(now_utc_ns - kept_days * _DAY_NS):
            if measurement in known.gone or (tag := fitting(known.lesson)) is None:
                continue
            outlet.delete({"lesson": tag}, measurement)
            if measurement is None:
                yield known.lesson
            else:
                progress.keep(lessons=[replace(known, gone=(*known.gone, measurement))])
