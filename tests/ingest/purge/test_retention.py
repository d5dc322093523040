"""What is older than the settings allow goes by itself, and nothing else."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.errors import StoreError
from ingest.purge.maintenance import KeptUpkeep, ScoreUpkeep
from ingest.purge.retention import Removed, Retention, retire_kept
from ingest.settings import RetentionSettings, ServerSettings
from ingest.stores import open_period_store, open_score_store
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.records import AlertRecord, EpochRecord
from ingest.stores.rules.seal_schedule import Kind
from school import open_lesson_store, open_school
from school.audit.actor import Actor
from school.cycle.records import CycleText
from school.forms.sheets import Answer, new_sheet
from school.forms.yaml_file import EXAMPLES, read_form
from school.moments.records import Moment
from school.observing.records import Look
from school.observing.rota import Turn
from tests.ingest.purge.test_command import SEALED, N, School

SECOND = 1_000_000_000
DAY_S = 86_400


class Counted:
    """Rounds at the times that are passed in, with two slices each."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.slices = 0

    def __call__(self, utc_ns: int) -> Iterator[Removed]:
        self.begun.append(utc_ns)
        for _ in range(2):
            self.slices += 1
            yield "things", 3


def test_a_round_an_hour_in_slices(caplog: pytest.LogCaptureFixture) -> None:
    clock, rounds = ManualClock(), Counted()
    retention = Retention(clock=clock, rounds=rounds)
    with caplog.at_level(logging.INFO):
        clock.advance(3_599)
        assert not retention.step()
        assert rounds.begun == []
        clock.advance(1)
        assert retention.step()
        assert (len(rounds.begun), rounds.slices) == (1, 1)
        assert retention.step()
        assert not retention.step()
        assert not retention.step()
        assert rounds.slices == 2
        clock.advance(3_600)
        assert retention.step()
        assert len(rounds.begun) == 2
    assert [record.message for record in caplog.records] == ["retention removed 6 things"]


def test_a_clock_that_was_set_removes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    clock, rounds = ManualClock(), Counted()
    retention = Retention(clock=clock, rounds=rounds)
    clock.advance(3_600)
    clock.utc_at_boot_ns += 2 * 365 * DAY_S * SECOND
    assert not retention.step()
    assert "the clock was set by +63072000 s" in caplog.text
    for _ in range(23):
        clock.advance(3_600)
        assert not retention.step()
    clock.advance(3_600)
    assert retention.step()  # it has run evenly for a day


def test_a_store_that_fails_is_tried_the_next_hour() -> None:
    clock = ManualClock()

    def fails(_: int) -> Iterator[Removed]:
        yield "things", 1
        raise StoreError("the disk is full.")

    retention = Retention(clock=clock, rounds=fails)
    clock.advance(3_600)
    assert retention.step()
    with pytest.raises(StoreError):
        retention.step()
    assert not retention.step()
    clock.advance(3_600)
    assert retention.step()


def test_kinds_go_at_their_age() -> None:
    asked: list[tuple[Kind, date]] = []

    class Watched(MemoryPeriodStore):
        def retire(self, kind: Kind, *, before: date, max_days: int | None = None) -> int:
            assert max_days == 1
            asked.append((kind, before))
            return 0

    utc_ns = 1_772_445_600 * SECOND  # 2026-03-02
    assert list(retire_kept(Watched(), RetentionSettings(), utc_ns)) == []
    assert asked == [("seat", date(2026, 1, 31)), ("room", date(2025, 3, 2))]


class After(ManualClock):
    """A clock at some days after a school's lessons."""

    def __init__(self, school: School, days: float) -> None:
        super().__init__(utc_at_boot_ns=school.starts_ns + round(days * DAY_S) * SECOND)


def settings_of(school: School) -> ServerSettings:
    return ServerSettings.load(school.config)


def a_round(upkeep: KeptUpkeep | ScoreUpkeep, clock: ManualClock) -> None:
    clock.advance(3_600)
    for _ in range(200):
        upkeep.step()


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path)


@pytest.mark.parametrize(
    ("days", "kinds", "aside"),
    ((1, {"seat", "room"}, 2), (33, {"room"}, 0), (368, set(), 0)),
)
def test_ingest_retires_what_it_kept(
    school: School, days: int, kinds: set[str], aside: int
) -> None:
    clock = After(school, days)
    with closing(open_period_store(school.data)) as store:
        a_round(KeptUpkeep(settings=settings_of(school), clock=clock, store=store), clock)
        assert store.count_aside() == aside
        (stream,) = store.streams("quill-room")
        live = [p.seqs.tolist() for p in store.read(stream.id, SEALED, N)]
        assert live == [list(range(SEALED, N))]  # however old, as long as it is not sealed
        assert store.kept(stream.id).without_hole() == N - 1
    assert {path.name[:4] for path in (school.data / "days").iterdir()} == kinds


@pytest.mark.parametrize(("days", "left"), ((1, N // 5), (364.9, N // 5), (366, 0)))
def test_the_scorer_retires_its_scores(school: School, days: float, left: int) -> None:
    clock = After(school, days)
    with (
        closing(open_score_store(school.data)) as scores,
        closing(open_lesson_store(school.data)) as lessons,
    ):
        upkeep = ScoreUpkeep(settings=settings_of(school), clock=clock, scores=scores)
        upkeep.begin()
        a_round(upkeep, clock)
        assert len(scores.epochs("quill-room-1")) == left
        assert len(scores.alerts("quill-room-1")) == (1 if left else 0)
        assert lessons.get("quill-room-1") is not None


@pytest.mark.parametrize(("days", "left"), ((729.9, 1), (730.1, 0)))
def test_the_scorer_retires_what_observers_saw(school: School, days: float, left: int) -> None:
    clock = After(school, days)
    with (
        closing(open_score_store(school.data)) as scores,
        closing(open_school(school.data)) as opened,
    ):
        by = Actor(name="ada", utc_ns=school.starts_ns, person="ada")
        for name in ("ada", "kim"):
            opened.people.add(name, name, ["teacher"], by, person_id=name)
        lesson = opened.lessons.get("quill-room-1")
        assert lesson is not None
        opened.sharing.tie_name(lesson.teacher, "ada", by)
        far = lesson.starts_utc_ns + 800 * DAY_S * SECOND
        opened.lessons.put(
            replace(lesson, id="far", starts_utc_ns=far, ends_utc_ns=far + 600 * SECOND)
        )
        for each in (lesson.id, "far"):
            opened.sharing.observers.ask(each, "kim", by)
        look = Look(id="a", start_s=0, answer="few", said_ms=1)
        sent = [(Turn("door", 0, 20), look)]
        assert opened.sharing.observers.keep(lesson.id, "kim", sent, school.starts_ns)
        upkeep = ScoreUpkeep(
            settings=settings_of(school), clock=clock, scores=scores, lessons=opened.lessons
        )
        upkeep.begin()
        a_round(upkeep, clock)
        assert opened.sharing.observers.kept().looks == left
        assert len(opened.sharing.observers.asked(lesson.id)) == left
        assert len(opened.sharing.observers.asked("far")) == 1, "asked long before the lesson"


@pytest.mark.parametrize(("days", "left"), ((729.9, 1), (730.1, 0)))
def test_the_scorer_retires_what_people_wrote(school: School, days: float, left: int) -> None:
    clock = After(school, days)
    with (
        closing(open_score_store(school.data)) as scores,
        closing(open_school(school.data)) as opened,
    ):
        by = Actor(name="ada", utc_ns=school.starts_ns, person="ada")
        opened.people.add("ada", "ada", ["teacher"], by, person_id="ada")
        opened.sharing.cycles.write(CycleText(focus="Calm changes"), None, by)
        sheet = new_sheet("quill-room-1", "ada", "ada", read_form(EXAMPLES["talk-rubric"]))
        answer = Answer(item="mistakes", label="Mistakes", words="so")
        opened.sharing.forms.answer(sheet, answer, school.starts_ns)
        opened.lessons.put_moment(
            Moment(id="note", lesson="quill-room-1", start_s=1, end_s=2, note="so", author="ada",
                   role="teacher")
        )  # fmt: skip
        before = len(opened.lessons.moments("quill-room-1"))
        upkeep = ScoreUpkeep(
            settings=settings_of(school), clock=clock, scores=scores, lessons=opened.lessons
        )
        upkeep.begin()
        a_round(upkeep, clock)
        assert len(opened.sharing.cycles.of_teacher("ada")) == left
        assert len(opened.sharing.forms.of_lesson("quill-room-1")) == left
        assert len(opened.lessons.moments("quill-room-1")) == (before if left else 0)


def test_scores_go_a_slice_at_a_time(school: School) -> None:
    with closing(open_score_store(school.data)) as scores:
        end = school.starts_ns + 300 * SECOND
        assert scores.retire(before_utc_ns=end, max_epochs=50) == 50 + 2
        assert scores.retire(before_utc_ns=end, max_epochs=50) == 50
        assert scores.retire(before_utc_ns=end, max_epochs=50) == 20
        assert scores.retire(before_utc_ns=end, max_epochs=50) == 0
        for room in ("quill-room", "other-room"):
            assert [e.first_seq for e in scores.epochs(f"{room}-1")] == list(range(300, N, 5))


def test_the_documented_days_are_the_defaults() -> None:
    text = (Path(__file__).parents[3] / "docs" / "retention.md").read_text(encoding="utf-8")
    documented = {
        key: int(days)
        for key, days in re.findall(r"^\| `(\w+_days)` \| (\d+) \|", text, re.MULTILINE)
    }
    assert documented == RetentionSettings().model_dump()


def test_the_scorer_is_the_writer_from_its_begin(school: School) -> None:
    epochs: list[EpochRecord] = []
    alerts: list[AlertRecord] = []
    with (
        closing(open_score_store(school.data)) as scores,
        closing(open_score_store(school.data)) as other,
    ):
        ScoreUpkeep(settings=settings_of(school), clock=ManualClock(), scores=scores).begin()
        with pytest.raises(StoreError, match="Another program writes"):
            other.commit(cursor=0, epochs=epochs, alerts=alerts)
