"""What was sensed and scored, by time, from the series of a time-series database.

docs/timeseries.md has the schema. What is read is at most five seconds old, as nothing there says
that it has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.clock import SECOND_NS, Clock
from dashboard_api.reading.protocol import NotHereError
from dashboard_api.reading.series import Series, SeriesSource, Wanted
from dashboard_api.views.readings import TRACES, RoomReadings, Seconds
from dashboard_api.views.seat_readings import SeatReadings
from dashboard_api.views.text import GAP_TEXT
from ingest.stores.records import (
    EPOCH_NS,
    AlertRecord,
    EpochRecord,
    RoomLevels,
    ScoredLesson,
    ZoneEpoch,
)
from models.serving.scores import ROOM
from school.lessons.records import Lesson

__all__ = ["FindLesson", "TimeScores", "TimeSensed"]

LOOK_AGAIN_NS: Final = 5 * SECOND_NS
_DAY_NS: Final = 86_400 * SECOND_NS
_COUNT: Final = "seats_sensed"
_SEATS: Final = "seats"
_SCORES: Final = (
    "movement_db", "movement_low_db", "movement_high_db", "off_task", "off_task_low",
    "off_task_high", "moving_seats", "fidgets", "noise_db",
)  # fmt: skip
_BETWEEN: Final = "; "
_FOLLOWS_NS: Final = 3 * SECOND_NS // 2
"""Seconds that are further apart do not follow one another."""

FindLesson = Callable[[str], Lesson | None]
"""A lesson by its id, always with an end; None if there is none."""


class TimeSensed:
    """`SensedReader` on a time-series database."""

    def __init__(self, source: SeriesSource, sites: Sequence[str]) -> None:
        self._source, self._sites = source, sites

    def room(self, room: str, start_utc_ns: int, end_utc_ns: int) -> RoomReadings:
        seconds = Seconds(start_utc_ns, end_utc_ns)
        if not seconds.n:
            return seconds.readings()
        partial: list[tuple[slice, str]] = []
        for gap in self._gaps(room, start_utc_ns, end_utc_ns):
            reason = gap.tags.get("reason", "")
            if reason not in GAP_TEXT:
                reason = "not_received"
            for at, length in zip(gap.utc_ns.tolist(), gap.values.tolist(), strict=True):
                begin = (at - start_utc_ns) / SECOND_NS
                span = seconds.span(begin, begin + length)
                if "hub" in gap.tags:
                    seats = _numbers(gap.tags.get("seats", ""))
                    seconds.take_missing(span, reason, seats, gap.tags["hub"])
                elif "kind" in gap.tags:
                    partial.append((span, reason))
                else:
                    seconds.take_gap(span, reason)
        found = self._seconds((*TRACES, _COUNT), room, start_utc_ns, end_utc_ns)
        for utc_ns, columns in _by_node(found):
            sensed = np.nan_to_num(columns.pop(_COUNT)).astype(np.int64)
            places = (utc_ns - start_utc_ns) / SECOND_NS
            for rows in _without_holes(utc_ns):
                levels = {name: column[rows] for name, column in columns.items()}
                seconds.take(places[rows], levels, sensed[rows], int(sensed[rows].max()))
        for span, reason in partial:
            seconds.take_partial(span, reason)
        return seconds.readings()

    def seats(
        self, room: str, start_utc_ns: int, end_utc_ns: int
    ) -> tuple[RoomReadings, SeatReadings]:
        del room, start_utc_ns, end_utc_ns
        raise NotHereError

    def sensed(self, room: str, start_utc_ns: int, end_utc_ns: int) -> tuple[float, int]:
        if start_utc_ns >= end_utc_ns:
            return 0.0, 0
        found = self._seconds((TRACES[0], _COUNT), room, start_utc_ns, end_utc_ns)
        gaps = sum(
            int(((gap.utc_ns + gap.values * SECOND_NS) > start_utc_ns).sum())
            for gap in self._gaps(room, start_utc_ns, end_utc_ns)
            if "hub" not in gap.tags
        )
        total = sum(len(utc_ns) for utc_ns, _ in _by_node(found))
        return min(float(total), (end_utc_ns - start_utc_ns) / SECOND_NS), gaps

    def _seconds(
        self, fields: tuple[str, ...], room: str, start_utc_ns: int, end_utc_ns: int
    ) -> list[Series]:
        return self._source.series(
            Wanted(
                measurement="room", fields=fields, where={"site": self._sites, "room": [room]},
                from_utc_ns=start_utc_ns, to_utc_ns=end_utc_ns,
            )
        )  # fmt: skip

    def _gaps(self, room: str, start_utc_ns: int, end_utc_ns: int) -> list[Series]:
        """Also those that began before; no lesson is longer than a day."""
        return self._source.series(
            Wanted(
                measurement="gap", fields=("length_s",), where={"site": self._sites, "room": [room]},
                from_utc_ns=start_utc_ns - _DAY_NS, to_utc_ns=end_utc_ns,
            )
        )  # fmt: skip


class TimeScores:
    """`ScoreReader` on a time-series database."""

    def __init__(
        self,
        source: SeriesSource,
        sites: Sequence[str],
        find: FindLesson,
        clock: Clock,
        *,
        days: int,
    ) -> None:
        self._source, self._sites, self._find, self._clock = source, sites, find, clock
        self._days = days
        """How long scores are kept."""

    def epochs(self, lesson: str, *, after_utc_ns: int = -1) -> list[EpochRecord]:
        about = self._find(lesson)
        if about is None:
            return []
        found = [
            (measurement, each)
            for measurement in ("room", "zone")
            for each in self._of(about, measurement, (*_SCORES, _SEATS), after_utc_ns + 1)
            if "model" in each.tags
        ]
        return _epochs(lesson, found, [zone.name for zone in about.zones])

    def alerts(self, lesson: str) -> list[AlertRecord]:
        about = self._find(lesson)
        if about is None:
            return []
        found: dict[tuple[tuple[str, str], ...], dict[str, tuple[int, float]]] = {}
        for each in self._of(about, "alert", ("off_task", "cleared_after_s")):
            at = int(each.utc_ns[-1]), float(each.values[-1])
            found.setdefault(tuple(sorted(each.tags.items())), {})[each.field] = at
        alerts = [_alert(lesson, dict(tags), values) for tags, values in found.items()]
        return sorted(alerts, key=lambda one: (one.raised_utc_ns, one.id))

    def scored_lessons(self) -> list[ScoredLesson]:
        now = self._clock.utc_ns()
        return self._source.lessons(
            Wanted(
                measurement="room", fields=(_SEATS,), where={"site": self._sites},
                from_utc_ns=max(0, now - self._days * _DAY_NS), to_utc_ns=now + _DAY_NS,
            )
        )  # fmt: skip

    def room_levels(self, lesson: str, *, each: int) -> RoomLevels:
        about = self._find(lesson)
        fields = ("movement_db", "off_task", _SEATS)
        series = [] if about is None else self._of(about, "room", fields)
        found = [("room", one) for one in series if "model" in one.tags]
        records = [one for one in _epochs(lesson, found) if one.first_seq % each == 0]
        return RoomLevels(
            model=tuple(one.model for one in records),
            movement_db=np.array([one.zones[0].movement_db for one in records], np.float64),
            off_task=np.array([one.zones[0].off_task for one in records], np.float64),
        )

    def version(self) -> int:
        return self._clock.elapsed_ns() // LOOK_AGAIN_NS

    def close(self) -> None:
        self._source.close()

    def _of(
        self, lesson: Lesson, measurement: str, fields: tuple[str, ...], from_utc_ns: int = 0
    ) -> list[Series]:
        assert lesson.ends_utc_ns is not None
        # An epoch belongs to a lesson also if it began a little before.
        begin = max(lesson.starts_utc_ns - EPOCH_NS, from_utc_ns)
        end = lesson.ends_utc_ns + EPOCH_NS
        if begin >= end:
            return []
        return self._source.series(
            Wanted(
                measurement=measurement, fields=fields,
                where={"site": self._sites, "lesson": [lesson.id]},
                from_utc_ns=begin, to_utc_ns=end,
            )
        )  # fmt: skip


def _epochs(
    lesson: str, found: Iterable[tuple[str, Series]], order: Sequence[str] = ()
) -> list[EpochRecord]:
    """Epochs from the columns of their room and zones; `order` has names of zones.

    Nodes stand for runs, and a place in the lesson for a seq: the database has neither.
    """
    areas: dict[tuple[str, str, str], list[Series]] = {}
    for measurement, each in found:
        zone = ROOM if measurement == "room" else each.tags.get("zone", "")
        key = each.tags.get("node", ""), each.tags["model"], zone
        areas.setdefault(key, []).append(each)
    place = {name: at for at, name in enumerate((ROOM, *order))}
    names = sorted(areas, key=lambda key: (place.get(key[2], len(place)), key[2]))
    epochs: dict[tuple[int, str, str], list[ZoneEpoch]] = {}
    for node, model, zone in names:
        utc_ns, columns = _columns(areas[node, model, zone], (*_SCORES, _SEATS))
        rows = zip(*(columns[name].tolist() for name in _SCORES), strict=True)
        seats = np.nan_to_num(columns[_SEATS]).round().astype(np.int64).tolist()
        for at, count, scores in zip(utc_ns.tolist(), seats, rows, strict=True):
            one = ZoneEpoch(zone, count, *scores)
            if zone == ROOM:
                epochs[at, node, model] = [one]
            elif (at, node, model) in epochs:
                epochs[at, node, model].append(one)
    nodes = {node: at for at, node in enumerate(sorted({node for node, _, _ in areas}), start=1)}
    first = min((at for at, _, _ in epochs), default=0)
    return [
        EpochRecord(
            lesson=lesson, stream_id=nodes[node],
            first_seq=round((at - first) / EPOCH_NS) * (EPOCH_NS // SECOND_NS),
            utc_ns=at, model=model, zones=tuple(zones),
        )
        for (at, node, model), zones in sorted(epochs.items(), key=lambda one: one[0])
    ]  # fmt: skip


def _alert(
    lesson: str, tags: Mapping[str, str], values: Mapping[str, tuple[int, float]]
) -> AlertRecord:
    raised = min(at for at, _ in values.values())
    cleared = values.get("cleared_after_s")
    because = tags.get("because", "")
    return AlertRecord(
        id=tags.get("alert", f"{lesson}.{raised}"), lesson=lesson, room=tags.get("room", ""),
        zone=tags.get("zone", ROOM), raised_utc_ns=raised,
        cleared_utc_ns=None if cleared is None else raised + round(cleared[1] * SECOND_NS),
        because=tuple(because.split(_BETWEEN)) if because else (),
        off_task=values["off_task"][1] if "off_task" in values else float("nan"),
        model=tags.get("model", ""),
    )  # fmt: skip


def _by_node(
    found: Iterable[Series],
) -> list[tuple[NDArray[np.int64], dict[str, NDArray[np.float64]]]]:
    """The seconds of each node, in order of time, with a column for each field; NaN where missing.

    A second may be there for two lessons that were on at once: it counts once.
    """
    nodes: dict[str, list[Series]] = {}
    for each in found:
        nodes.setdefault(each.tags.get("node", ""), []).append(each)
    return [_columns(series, (*TRACES, _COUNT)) for series in nodes.values()]


def _columns(
    found: Iterable[Series], names: Iterable[str]
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.float64]]]:
    """Series side by side: the times of all of them, and a column for each field."""
    series = list(found)
    utc_ns = np.unique(np.concatenate([each.utc_ns for each in series]))
    columns = {name: np.full(len(utc_ns), np.nan) for name in names}
    for each in series:
        columns[each.field][np.searchsorted(utc_ns, each.utc_ns)] = each.values
    return utc_ns, columns


def _without_holes(utc_ns: NDArray[np.int64]) -> list[slice]:
    """The parts in which each second follows the last."""
    cuts = [0, *(np.flatnonzero(np.diff(utc_ns) > _FOLLOWS_NS) + 1).tolist(), len(utc_ns)]
    return [slice(a, b) for a, b in pairwise(cuts) if b > a]


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split() if part.isdecimal())
