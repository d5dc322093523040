"""The year-old school is one that the programs could have left, and they go on in it as in any."""

from __future__ import annotations

import math
import shutil
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from contract.clock import SECOND_NS, ManualClock
from contract.quantities.table import MISSING
from dashboard_api.views.readings import sensed_seconds
from ingest.doctor.checks import findings
from ingest.scoring.follower import Following
from ingest.settings import ScoreSettings, ServerSettings
from ingest.stores import open_period_reader, open_period_store, open_score_store
from ingest.stores.upkeep.salvage import salvage
from school import open_lesson_store
from tests.aged import aged_school, timeline
from tests.aged.aged_school import AgedSchool
from tests.aged.timeline import NOW, TODAY, utc_ns
from tests.ingest.school import LevelModel

DAYS, ROOMS = 14, 3
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> AgedSchool:
    return aged_school.build(tmp_path_factory.mktemp("aged"), days=DAYS, rooms=ROOMS, minutely=())


@pytest.fixture
def copied(school: AgedSchool, tmp_path: Path) -> Path:
    """For a test that writes."""
    return shutil.copytree(school.directory, tmp_path / "data")


def test_a_whole_year_is_as_large_as_a_school_has_it() -> None:
    year = aged_school.planned(Path())
    assert year.lessons >= 6_000
    assert len(year.rooms) == 40
    runs = list(timeline.runs("room-05", timeline.school_days(76), is_uptime=False))
    assert len(runs) == 200
    assert runs[0].starts < TODAY - timedelta(days=360)  # scores near their retention
    long = list(timeline.runs("room-01", timeline.school_days(76), is_uptime=True))[-1]
    assert long.lasts_s > 90 * 86_400
    assert sum(1 for _ in aged_school.timebases(long, is_minutely=True)) == math.ceil(
        long.lasts_s / 60
    )


def test_the_programs_find_nothing_wrong_with_it(copied: Path) -> None:
    settings = ServerSettings(site="school", data_dir=copied)
    found = [each for each in findings(settings) if each.about.endswith(".db")]
    assert {each.state for each in found} == {"fine"}
    assert len(found) > 12
    assert not salvage(copied)
    with closing(open_period_store(copied)) as store:
        while store.check_sealed(max_chunks=100, from_start=False):
            pass
        assert store.check_sealed(max_chunks=10_000, from_start=True)
        while store.check_sealed(max_chunks=10_000):
            pass
        assert store.take_damage() == []
        assert store.seal(before_utc_ns=utc_ns(NOW) - 600 * SECOND_NS) == 0
        last = (NOW - timedelta(days=30)).date()
        assert store.retire("seat", before=last) == 0


def test_each_lesson_was_sensed_and_scored_and_old_seat_values_are_gone(
    school: AgedSchool,
) -> None:
    with (
        closing(open_period_reader(school.directory)) as reader,
        closing(open_lesson_store(school.directory)) as lessons,
        closing(open_score_store(school.directory)) as scores,
    ):
        past = lessons.lessons(to_utc_ns=utc_ns(TODAY))
        assert len(past) == 2 * (DAYS - 1) * ROOMS
        streams = {stream.id: stream for stream in reader.streams()}
        for lesson in past:
            assert lesson.ends_utc_ns is not None
            span = lesson.starts_utc_ns, lesson.ends_utc_ns
            assert sensed_seconds(reader, lesson.room, *span) == (300.0, 0)
            epochs = scores.epochs(lesson.id)
            assert len(epochs) == 60
            assert epochs[0].utc_ns == lesson.starts_utc_ns
            (number,) = {epoch.stream_id for epoch in epochs}
            assert streams[number].room == lesson.room
            (periods,) = reader.read(number, epochs[0].first_seq, epochs[-1].first_seq + 4)
            assert len(periods.seqs) == 300
            is_old = utc_ns(NOW) - lesson.starts_utc_ns > 31 * 86_400 * SECOND_NS
            seats = periods.layout.seat_values(periods.values)
            assert (seats == MISSING).all() == is_old
            assert not (periods.layout.room_values(periods.values) == MISSING).any()
        assert any("again" in lesson.title for lesson in past)
        assert lessons.lessons(from_utc_ns=utc_ns(NOW))
        assert lessons.count_verdicts().confirmed


def test_the_scorer_comes_back_and_scores_today_alone(school: AgedSchool, copied: Path) -> None:
    clock = ManualClock(now_ns=0, utc_at_boot_ns=utc_ns(NOW))
    with (
        closing(open_period_reader(copied)) as reader,
        closing(open_lesson_store(copied)) as lessons,
        closing(open_score_store(copied)) as scores,
    ):
        every = lessons.lessons(to_utc_ns=utc_ns(NOW))
        before = {lesson.id: repr(scores.epochs(lesson.id)) for lesson in every}
        following = Following(
            settings=ScoreSettings(), model=LevelModel(), clock=clock, reader=reader,
            scores=scores, lessons=lessons,
        )  # fmt: skip
        following.begin()
        for _ in range(20):
            clock.advance(3)
            while following.step():
                pass
        changed = {
            lesson.id for lesson in every if repr(scores.epochs(lesson.id)) != before[lesson.id]
        }
        assert changed == {lesson.id for lesson in every if lesson.starts_utc_ns > utc_ns(TODAY)}
        assert len(scores.epochs(school.over)) == timeline.LENGTH_TODAY_S // 5
        assert scores.cursor() == reader.newest_cursor()
        for _ in range(2):
            clock.advance(61)
            following.step()
        assert len(following._states) == ROOMS  # what is running


def test_the_same_seed_gives_the_same_school(tmp_path: Path) -> None:
    seen = []
    for name in ("one", "other"):
        made = aged_school.build(tmp_path / name, days=2, rooms=2, seed=5, minutely=())
        with closing(open_period_reader(made.directory)) as reader:
            streams = reader.streams()
            found = [reader.read(stream.id, 0, 1 << 30) for stream in streams]
        seen.append((streams, np.concatenate([p.values for some in found for p in some])))
    assert seen[0][0] == seen[1][0]
    np.testing.assert_array_equal(seen[0][1], seen[1][1])
