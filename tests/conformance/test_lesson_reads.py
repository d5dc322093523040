"""What the pages read of a lesson is the same from the embedded store and from each database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import SecretStr

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.lessons.timeline_view import timeline
from dashboard_api.reading import SOURCES
from dashboard_api.reading.by_time import TimeScores, TimeSensed
from dashboard_api.reading.kept import KeptReader
from dashboard_api.reading.protocol import NotHereError, SensedReader
from dashboard_api.reading.settings import ReadsSettings
from dashboard_api.views.readings import RoomReadings
from ingest.stores import open_period_store, open_score_writer
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from ingest.stores.protocol import ScoreReader
from ingest.stores.records import EpochRecord
from school.lessons.records import Lesson
from tests.browser import sample_lesson
from tests.conformance.lesson_lines import lesson_lines, write
from tests.engines import Address
from tests.signed_in import open_test_school

START_NS = 1_780_000_000 * SECOND_NS
SECONDS = 3_000
END_NS = START_NS + SECONDS * SECOND_NS
SHIFT_NS = 137_000_000
"""A kit's seconds do not begin where UTC's do."""

ENGINES = [
    "memory",
    "sqlite",
    pytest.param("victoriametrics", marks=pytest.mark.victoriametrics),
    pytest.param("influxdb18", marks=pytest.mark.influxdb18),
    pytest.param("influxdb2", marks=pytest.mark.influxdb2),
]


class Read:
    """One engine with the sample lesson in it."""

    def __init__(self, sensed: SensedReader, scores: ScoreReader, lesson: Lesson) -> None:
        self.sensed, self.scores, self.lesson = sensed, scores, lesson

    def room(self) -> RoomReadings:
        return self.sensed.room(self.lesson.room, START_NS, END_NS)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """The lesson in stores in memory, which everything is compared with."""
    school = open_test_school(tmp_path_factory.mktemp("school"))
    periods, scores = MemoryPeriodStore(), MemoryScoreStore()
    sample = sample_lesson.Sample(start_utc_ns=START_NS + SHIFT_NS, lesson='maths "1"=a,${b}')
    lesson = replace(
        sample_lesson.write(periods, scores, school.lessons, sample),
        starts_utc_ns=START_NS, ends_utc_ns=END_NS,
    )  # fmt: skip
    yield SimpleNamespace(periods=periods, scores=scores, lesson=lesson, sample=sample)
    school.close()


@pytest.fixture(scope="module", params=ENGINES)
def read(
    request: pytest.FixtureRequest, kept: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Read]:
    if request.param == "memory":
        yield Read(KeptReader(kept.periods), kept.scores, kept.lesson)
        return
    if request.param == "sqlite":
        yield from _on_disk(tmp_path_factory.mktemp("kept"), kept)
        return
    lines = lesson_lines(kept.periods, kept.scores, kept.lesson)
    address, settings = _engine(request)
    write(address, lines)
    write(address, lines[:7_000])  # sent twice
    if request.param == "victoriametrics":
        request.getfixturevalue("victoria_server").settle()
    source = SOURCES[settings.kind](settings, SecretStr(address.token))
    clock = ManualClock(now_ns=0, utc_at_boot_ns=END_NS)
    lessons = {kept.lesson.id: kept.lesson}
    scores = TimeScores(source, ["river-school", "school"], lessons.get, clock, days=30)
    yield Read(TimeSensed(source, ["school"]), scores, kept.lesson)
    scores.close()


def _on_disk(folder: Path, kept: SimpleNamespace) -> Iterator[Read]:
    school = open_test_school(folder / "school")
    periods, scores = open_period_store(folder), open_score_writer(folder)
    sample_lesson.write(periods, scores, school.lessons, kept.sample)
    yield Read(KeptReader(periods), scores, kept.lesson)
    for each in (periods, scores, school):
        each.close()


def _engine(request: pytest.FixtureRequest) -> tuple[Address, ReadsSettings]:
    if request.param == "victoriametrics":
        address: Address = request.getfixturevalue("victoria_server").address
        return address, ReadsSettings(kind="victoriametrics", url=address.url)
    if request.param == "influxdb18":
        address = request.getfixturevalue("influx_server").address()
    else:
        address = request.getfixturevalue("influx2").address()
    return address, ReadsSettings(
        kind="influxdb2", url=address.url, org=address.org, bucket=address.bucket
    )


def test_the_rooms_seconds_are_the_same(read: Read, kept: SimpleNamespace) -> None:
    expected, found = KeptReader(kept.periods).room(read.lesson.room, START_NS, END_NS), read.room()
    assert found.length_s == SECONDS
    assert (found.seats, found.start_utc_ns) == (30, START_NS)
    np.testing.assert_array_equal(found.seats_sensed, expected.seats_sensed)
    for name, levels in expected.levels.items():
        np.testing.assert_allclose(found.levels[name], levels, atol=1e-5)
    assert found.gaps == expected.gaps
    assert {gap.reason for gap in found.gaps} == {"died", "paused"}
    assert found.missing == expected.missing


def test_a_part_of_the_lesson_matches_the_whole(read: Read) -> None:
    whole = read.room()
    begin, end = 1_790, 1_900  # within a gap, and after it
    part = read.sensed.room(
        read.lesson.room, START_NS + begin * SECOND_NS, START_NS + end * SECOND_NS
    )
    np.testing.assert_allclose(
        part.levels["laeq_1s"], whole.levels["laeq_1s"][begin:end], atol=1e-9
    )
    assert [(gap.start_s, gap.end_s, gap.reason) for gap in part.gaps] == [(10, 84, "died")]


def test_seconds_sensed_and_gaps_are_counted(read: Read, kept: SimpleNamespace) -> None:
    span = read.lesson.room, START_NS, END_NS
    assert read.sensed.sensed(*span) == KeptReader(kept.periods).sensed(*span) == (2906.0, 2)
    assert read.sensed.sensed("elsewhere", START_NS, END_NS) == (0.0, 0)
    assert read.sensed.sensed(read.lesson.room, START_NS, START_NS) == (0.0, 0)


def test_epochs_are_the_same(read: Read, kept: SimpleNamespace) -> None:
    expected, found = kept.scores.epochs(read.lesson.id), read.scores.epochs(read.lesson.id)
    assert [_identity(each) for each in found] == [_identity(each) for each in expected]
    for one, other in zip(found, expected, strict=True):
        for zone, other_zone in zip(one.zones, other.zones, strict=True):
            assert (zone.zone, zone.seats) == (other_zone.zone, other_zone.seats)
            numbers = ("movement_db", "movement_low_db", "off_task", "off_task_high", "fidgets")
            np.testing.assert_allclose(
                [getattr(zone, name) for name in numbers],
                [getattr(other_zone, name) for name in numbers], rtol=1e-6,
            )  # fmt: skip


def _identity(epoch: EpochRecord) -> tuple[str, int, int, str]:
    return epoch.lesson, epoch.first_seq, epoch.utc_ns, epoch.model


def test_epochs_after_a_time_and_of_no_lesson(read: Read) -> None:
    after = START_NS + 2_000 * SECOND_NS
    found = read.scores.epochs(read.lesson.id, after_utc_ns=after)
    assert found
    assert all(each.utc_ns > after for each in found)
    assert read.scores.epochs("none") == []
    assert read.scores.alerts("none") == []
    assert len(read.scores.room_levels("none", each=60).model) == 0


def test_alerts_are_the_same(read: Read, kept: SimpleNamespace) -> None:
    expected, found = kept.scores.alerts(read.lesson.id), read.scores.alerts(read.lesson.id)
    assert len(found) == 4
    for one, other in zip(found, expected, strict=True):
        assert one.off_task == pytest.approx(other.off_task)
        assert replace(one, off_task=0) == replace(other, off_task=0)


def test_scored_lessons_and_levels_are_the_same(read: Read, kept: SimpleNamespace) -> None:
    found = [each for each in read.scores.scored_lessons() if each.lesson == read.lesson.id]
    assert found == kept.scores.scored_lessons()
    levels = read.scores.room_levels(read.lesson.id, each=60)
    expected = kept.scores.room_levels(read.lesson.id, each=60)
    assert levels.model == expected.model
    np.testing.assert_allclose(levels.movement_db, expected.movement_db, rtol=1e-6)
    np.testing.assert_allclose(levels.off_task, expected.off_task, rtol=1e-6)


@pytest.mark.parametrize("level_s", (1, 5, 30))
def test_the_timeline_of_the_page_is_the_same(
    read: Read, kept: SimpleNamespace, level_s: int
) -> None:
    def drawn(sensed: SensedReader, scores: ScoreReader) -> object:
        return timeline(
            read.lesson, sensed.room(read.lesson.room, START_NS, END_NS),
            scores.epochs(read.lesson.id), is_running=False, zone=None, level_s=level_s,
        ).model_dump()  # fmt: skip

    assert drawn(read.sensed, read.scores) == _about(drawn(KeptReader(kept.periods), kept.scores))


def _about(shown: object) -> object:
    """The same, where a tenth of a decibel may be rounded to the other side."""
    if isinstance(shown, dict):
        return {key: _about(value) for key, value in shown.items()}
    if isinstance(shown, list):
        return [_about(value) for value in shown]
    return pytest.approx(shown, abs=0.101) if isinstance(shown, float) else shown


def test_what_only_the_store_has_is_said(read: Read, request: pytest.FixtureRequest) -> None:
    if "memory" in request.node.name or "sqlite" in request.node.name:
        _, seats = read.sensed.seats(read.lesson.room, START_NS, END_NS)
        assert len(seats.seats) == 30
        return
    with pytest.raises(NotHereError, match="on the server that keeps"):
        read.sensed.seats(read.lesson.room, START_NS, END_NS)
