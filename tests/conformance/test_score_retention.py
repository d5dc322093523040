"""What goes for its age is the same in both stores: the one in memory looks at every score."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.stores import open_score_store
from ingest.stores.memory.scores import MemoryScoreStore
from ingest.stores.protocol import ScoreStore
from ingest.stores.records import AlertRecord, EpochRecord, ZoneEpoch
from ingest.stores.sqlite.scores import SqliteScoreStore

LESSONS = ("art", "maths", "music")
TIMES = st.integers(-1, 40)
ROOM = ZoneEpoch(
    zone="room", seats=7, movement_db=1.0, movement_low_db=0.0, movement_high_db=2.0,
    off_task=0.3, off_task_low=0.2, off_task_high=0.4, moving_seats=0.5, fidgets=1.0, noise_db=2.0,
)  # fmt: skip
Step = Callable[[ScoreStore], None]


def epoch(lesson: str, seq: int, utc_ns: int) -> EpochRecord:
    return EpochRecord(
        lesson=lesson, stream_id=1, first_seq=5 * seq, utc_ns=utc_ns, model="m", zones=(ROOM,)
    )


def alert(lesson: str, number: int, utc_ns: int, *, is_open: bool) -> AlertRecord:
    return AlertRecord(
        id=f"{lesson}-{number}", lesson=lesson, room="r", zone="room", raised_utc_ns=utc_ns,
        cleared_utc_ns=None if is_open else utc_ns + 3, because=("movement",), off_task=0.7,
        model="m",
    )  # fmt: skip


EPOCHS = st.builds(epoch, st.sampled_from(LESSONS), st.integers(0, 5), TIMES)
ALERTS = st.builds(alert, st.sampled_from(LESSONS), st.integers(0, 2), TIMES, is_open=st.booleans())


@st.composite
def commits(draw: st.DrawFn) -> Step:
    epochs, alerts = draw(st.lists(EPOCHS, max_size=6)), draw(st.lists(ALERTS, max_size=2))
    written = draw(TIMES.filter(lambda at: at >= 0))
    return lambda store: store.commit(
        cursor=1, epochs=epochs, alerts=alerts, written_utc_ns=written
    )


@st.composite
def retirements(draw: st.DrawFn) -> Step:
    before, most = draw(TIMES), draw(st.integers(1, 4))

    def retire(store: ScoreStore) -> None:
        while store.retire(before_utc_ns=before, max_epochs=most):
            pass

    return retire


@st.composite
def purges(draw: st.DrawFn) -> Step:
    lessons, low = draw(st.lists(st.sampled_from(LESSONS), unique=True)), draw(TIMES)
    high = low + draw(st.integers(1, 20))

    def purge(store: ScoreStore) -> None:
        for _ in store.purge(lessons, from_utc_ns=low, to_utc_ns=high):
            pass

    return purge


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(commits(), commits(), retirements(), retirements(), purges()), max_size=8)
)
def test_the_same_goes_as_when_every_score_is_looked_at(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(open_score_store(Path(folder))) as store:
        memory = MemoryScoreStore()
        for step in steps:
            for each in (store, memory):
                step(each)
            assert store.open_alerts() == memory.open_alerts()
            assert store.lessons_with_scores() == memory.lessons_with_scores()
            for lesson in LESSONS:
                assert store.epochs(lesson) == memory.epochs(lesson)
                assert store.alerts(lesson) == memory.alerts(lesson)
        assert store.lessons_with_scores() == {one.lesson for one in store.scored_lessons()}


@contextmanager
def counted(store: ScoreStore) -> Iterator[list[int]]:
    """Counts what SQLite does, in steps of its virtual machine."""
    assert isinstance(store, SqliteScoreStore)
    steps = [0]

    def count() -> None:
        steps[0] += 1

    store._connection.set_progress_handler(count, 1)
    yield steps
    store._connection.set_progress_handler(None, 0)


def test_what_finds_nothing_takes_as_long_however_much_there_is(tmp_path: Path) -> None:
    taken = {}
    with closing(open_score_store(tmp_path)) as store:
        for n in (5, 500):
            names = [f"lesson-{number}" for number in range(n)]
            store.commit(
                cursor=n,
                epochs=[epoch(name, seq, 30 + seq) for name in names for seq in range(3)],
                alerts=[alert(name, 1, 31, is_open=False) for name in names],
                written_utc_ns=20,
            )
            with counted(store) as steps:
                assert store.retire(before_utc_ns=30, max_epochs=100) == 0
                assert store.open_alerts() == []
            taken[n] = steps[0]
    # Not the same to a step: SQLite releases differ in what they do the first time.
    assert 0 < taken[500] <= 2 * taken[5]
