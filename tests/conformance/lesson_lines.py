"""A kept lesson as the lines that a replica gets, and put into an engine."""

from __future__ import annotations

import numpy as np
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS

from ingest.replicas.points import Whose, alert_line, epoch_lines, gap_line, room_lines
from ingest.stores.protocol import PeriodReader, ScoreReader
from ingest.stores.records import Stream
from ingest.stores.rules.dating import utc_of
from school.lessons.records import Lesson
from tests.engines import Address

__all__ = ["lesson_lines", "write"]

_AT_ONCE = 5_000


def lesson_lines(periods: PeriodReader, scores: ScoreReader, lesson: Lesson) -> list[str]:
    """Everything of a lesson that may leave, from a room whose periods all belong to it."""
    found: list[str] = []
    streams = {each.id: each for each in periods.streams(lesson.room)}
    for stream in streams.values():
        whose = _whose(stream, lesson)
        timebases = periods.timebases(stream)
        for part in periods.read(stream.id, 0, 1 << 40):
            found += room_lines(whose, part, utc_of(stream, part.seqs, timebases))
        for gap in periods.gaps(stream.id):
            begin, end = utc_of(stream, np.array([gap.first_seq, gap.last_seq + 1]), timebases)
            line = gap_line(
                whose, gap, periods.birth(stream.id), utc_ns=int(begin),
                length_s=float(end - begin) / 1e9,
            )  # fmt: skip
            found += [] if line is None else [line]
    for epoch in scores.epochs(lesson.id):
        found += epoch_lines(_whose(streams[epoch.stream_id], lesson), [epoch])
    alerts = [alert_line(_whose(None, lesson), each) for each in scores.alerts(lesson.id)]
    return [*found, *(each for each in alerts if each is not None)]


def write(address: Address, lines: list[str]) -> None:
    with InfluxDBClient(url=address.url, token=address.token, org=address.org or "-") as client:
        writer = client.write_api(write_options=SYNCHRONOUS)
        for at in range(0, len(lines), _AT_ONCE):
            body = "\n".join(lines[at : at + _AT_ONCE]).encode()
            writer.write(bucket=address.bucket or "any", record=body)


def _whose(stream: Stream | None, lesson: Lesson) -> Whose:
    if stream is None:
        return Whose(site="school", room=lesson.room, node=None, lesson=lesson.id)
    return Whose(site=stream.site, room=stream.room, node=stream.node, lesson=lesson.id)
