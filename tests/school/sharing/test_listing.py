"""Lists of someone's lessons: in order, each once, and never by passing over everybody's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from contract.clock import SECOND_NS
from school.database import open_school_database
from school.lessons.records import Lesson
from school.lessons.rows import lesson_values
from school.schema import exclusions, hidden_lessons, lesson_owners, lessons, shares
from school.sharing import listing
from school.sharing.listing import Wanted
from school.sharing.policy import Reach
from school.sharing.store import SharingStore
from school.sqlite_database import SqliteDatabase
from tests.signed_in import add_person, open_test_school

PEOPLE = ("ada", "bob")
TITLES = ("Maths", "Übungen", "", "100 % of_it")
BOTH = frozenset[Reach]({"own", "shared"})
OWN = frozenset[Reach]({"own"})

rows = st.lists(
    st.tuples(
        st.integers(-3, 3), st.sampled_from("rq"), st.sampled_from("tu"), st.sampled_from(TITLES),
        st.sampled_from(("ada", "bob", None)), st.sampled_from((None, 5, 6)),
        st.sampled_from((False, False, True)),
    ),
    max_size=14,
)  # fmt: skip
maybe = st.none()
wanteds = st.builds(
    Wanted,
    room=maybe | st.sampled_from("rq"),
    teacher=maybe | st.sampled_from("tu"),
    words=st.sampled_from(("", "", "m", "ü", "ÜB", "%", "_", "lesson in R", "x")),
    from_utc_ns=maybe | st.integers(-3, 3),
    to_utc_ns=maybe | st.integers(-3, 4),
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteDatabase]:
    folder = tmp_path_factory.mktemp("listing")
    with closing(open_test_school(folder)) as school:
        for person in PEOPLE:
            add_person(school.people, person, "teacher")
    with closing(SqliteDatabase(folder)) as opened:
        yield opened


def fill(database: SqliteDatabase, drawn: list[tuple[Any, ...]]) -> list[Lesson]:
    """Lessons with owners, and shares with ada; some are hidden."""
    made = [
        Lesson(
            id=f"l{i}", room=room, teacher=teacher, title=title, starts_utc_ns=starts,
            ends_utc_ns=starts + 1, source="timetable",
        )
        for i, (starts, room, teacher, title, *_) in enumerate(drawn)
    ]  # fmt: skip
    with database.writing() as connection:
        connection.execute(lessons.delete())
        for lesson, row in zip(made, drawn, strict=True):
            connection.execute(insert(lessons), lesson_values(lesson))
            if row[4] is not None:
                owner = {"lesson": lesson.id, "person": row[4]}
                connection.execute(insert(lesson_owners), owner)
            if row[5] is not None:
                share = {"lesson": lesson.id, "person": "ada", "until_utc_ns": row[5]}
                connection.execute(insert(shares), {**share, "created_utc_ns": 0})
            if row[6]:
                connection.execute(insert(hidden_lessons), {"lesson": lesson.id})
    return made


def holds(lesson: Lesson, wanted: Wanted) -> bool:
    title = lesson.title or f"Lesson in {lesson.room}"
    return (
        wanted.room in (None, lesson.room)
        and wanted.teacher in (None, lesson.teacher)
        and wanted.words.casefold() in title.casefold()
        and (wanted.from_utc_ns is None or lesson.starts_utc_ns >= wanted.from_utc_ns)
        and (wanted.to_utc_ns is None or lesson.starts_utc_ns < wanted.to_utc_ns)
    )


@given(
    drawn=rows, wanted=wanteds, size=st.integers(1, 4), is_oldest_first=st.booleans(),
    reached=st.sampled_from((BOTH, OWN, frozenset[Reach]({"shared"}))),
    few=st.sampled_from((0, 3, 1_000)),
)  # fmt: skip
def test_pages_show_each_lesson_once_and_in_order(
    database: SqliteDatabase,
    drawn: list[tuple[Any, ...]],
    wanted: Wanted,
    size: int,
    is_oldest_first: bool,
    reached: frozenset[Reach],
    few: int,
) -> None:
    made = fill(database, drawn)
    listed = [
        lesson
        for lesson, row in zip(made, drawn, strict=True)
        if not row[6]
        and (("own" in reached and row[4] == "ada") or ("shared" in reached and row[5] == 6))
    ]
    expected = [lesson for lesson in listed if holds(lesson, wanted)]
    # The id goes the other way than the start, in both orders.
    expected.sort(key=lambda lesson: lesson.id, reverse=is_oldest_first)
    expected.sort(key=lambda lesson: lesson.starts_utc_ns, reverse=not is_oldest_first)
    store, beyond, seen = SharingStore(database), None, list[Lesson]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "FEW", few)
        while True:
            page = store.lessons(
                "ada", reached, 5, wanted, limit=size, beyond=beyond,
                is_oldest_first=is_oldest_first,
            )  # fmt: skip
            if not page:
                break
            assert len(page) <= size
            seen += page
            beyond = page[-1].starts_utc_ns, page[-1].id
        rooms = store.rooms("ada", reached, 5)
    shared = {
        lesson.id: (row[5], lesson.teacher)
        for lesson, row in zip(made, drawn, strict=True)
        if row[5] == 6 and not row[6]
    }
    assert seen == expected
    assert store.teachers("ada", 5) == sorted({teacher for _, teacher in shared.values()})
    assert store.shared_until("ada", 5, [lesson.id for lesson in made]) == {
        lesson: until for lesson, (until, _) in shared.items()
    }
    assert [lesson.id for lesson in store.hidden("ada")] == [
        lesson.id
        for lesson, row in sorted(
            zip(made, drawn, strict=True), key=lambda each: (-each[0].starts_utc_ns, each[0].id)
        )
        if row[6] and row[4] == "ada"
    ]
    assert store.all_rooms() == sorted({lesson.room for lesson in made})
    assert rooms == sorted({lesson.room for lesson in listed})


# ------------------------------------------------------------------- through which index

HOUR_NS = 3_600 * SECOND_NS
LESSONS = 3_000
DEEP = (1_500 * HOUR_NS, "l1500")


@pytest.fixture(scope="module", params=["one teacher", "sixty teachers"])
def large(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SqliteDatabase]:
    people = 1 if request.param == "one teacher" else 60
    folder: Path = tmp_path_factory.mktemp("large")
    with closing(open_test_school(folder)) as school:
        for i in range(people):
            add_person(school.people, f"t{i}", "teacher")
    made = [
        Lesson(
            id=f"l{i}", room=f"room-{i % 40}", teacher=f"T{i % people}", title="Maths",
            starts_utc_ns=i * HOUR_NS, ends_utc_ns=i * HOUR_NS + 1, source="timetable",
        )
        for i in range(LESSONS)
    ]  # fmt: skip
    database = open_school_database(folder)
    assert isinstance(database, SqliteDatabase)
    owners = [{"lesson": each.id, "person": f"t{i % people}"} for i, each in enumerate(made)]
    with database.writing() as connection:
        connection.execute(insert(lessons), [lesson_values(each) for each in made])
        connection.execute(insert(lesson_owners), owners)
    with closing(database):
        yield database


WEEK = Wanted(from_utc_ns=0, to_utc_ns=168 * HOUR_NS)
QUESTIONS: dict[str, Any] = {
    "first page": lambda store: store.lessons("t0", BOTH, 0, limit=51),
    "a deep page": lambda store: store.lessons("t0", BOTH, 0, limit=51, beyond=DEEP),
    "a deep page of own": lambda store: store.lessons("t0", OWN, 0, limit=51, beyond=DEEP),
    "what is shared": lambda store: store.lessons("t0", BOTH - OWN, 0, limit=51, beyond=DEEP),
    "coming": lambda store: store.lessons(
        "t0", OWN, 0, Wanted(from_utc_ns=DEEP[0]), limit=11, is_oldest_first=True
    ),
    "a week": lambda store: store.lessons("t0", BOTH, 0, WEEK, limit=51),
    "a room": lambda store: store.lessons("t0", BOTH, 0, Wanted(room="room-0"), limit=51),
    "a teacher": lambda store: store.lessons("t0", BOTH, 0, Wanted(teacher="T0"), limit=51),
    "words": lambda store: store.lessons("t0", BOTH, 0, Wanted(words="a"), limit=51),
    "rooms": lambda store: store.rooms("t0", BOTH, 0),
    "all rooms": lambda store: store.all_rooms(),
    "teachers": lambda store: store.teachers("t0", 0),
    "until when": lambda store: store.shared_until("t0", 0, ["l1", "l2"]),
    "in a span": lambda store: store.held_between(0, 168 * HOUR_NS, 0),
}
TABLES = ("lessons", "lesson_owners", "shares")


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_list_scans_all_lessons(large: SqliteDatabase, question: str) -> None:
    asked: list[str] = []
    raw = large._raw
    raw.set_trace_callback(asked.append)
    QUESTIONS[question](SharingStore(large))
    raw.set_trace_callback(None)
    assert asked
    for statement in asked:
        steps = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}")]
        scanned = [step for step in steps if step.split()[:1] == ["SCAN"]]
        found = {step for step in scanned if step.split()[1] in TABLES}
        assert not found, (statement, steps)


@pytest.fixture
def hidden(large: SqliteDatabase) -> Iterator[set[str]]:
    """All lessons of room-0 are hidden."""
    names = {f"l{i}" for i in range(0, LESSONS, 40)}
    with large.writing() as connection:
        connection.execute(insert(hidden_lessons), [{"lesson": name} for name in names])
    yield names
    with large.writing() as connection:
        connection.execute(hidden_lessons.delete())


def test_what_someone_with_many_lessons_has_hidden_is_in_no_list(
    large: SqliteDatabase, hidden: set[str]
) -> None:
    store = SharingStore(large)
    for question in ("first page", "a deep page", "a deep page of own", "a week", "a teacher"):
        found = QUESTIONS[question](store)
        assert found, question
        assert not {each.id for each in found} & hidden, question
    assert store.lessons("t0", BOTH, 0, Wanted(room="room-0")) == []
    rooms = store.rooms("t0", BOTH, 0)
    assert rooms
    assert "room-0" not in rooms
    assert "room-0" in store.all_rooms()


def test_counts_get_what_is_left_out_by_lesson(large: SqliteDatabase, hidden: set[str]) -> None:
    store = SharingStore(large)
    spans = [("b", "l2", 60, 90), ("a", "l2", 10, 20), ("c", "l40", 0, 5), ("d", "l9", 1, 2)]
    with large.writing() as connection:
        connection.execute(
            insert(exclusions),
            [
                {
                    "id": name,
                    "lesson": of,
                    "start_s": low,
                    "end_s": high,
                    "reason": "other",
                    "note": "w",
                }
                for name, of, low, high in spans
            ],
        )
        until = [{"lesson": of, "person": "t0", "until_utc_ns": 9} for of in ("l1", "l40")]
        connection.execute(insert(shares), [{**each, "created_utc_ns": 0} for each in until])
    held = {each.id: each for each in store.held_between(HOUR_NS, 41 * HOUR_NS, 5)}
    with large.writing() as connection:
        connection.execute(exclusions.delete())
        connection.execute(shares.delete())
    assert list(held) == [f"l{i}" for i in range(1, 41)]
    left_out = {
        name: [(one.start_s, one.end_s, one.reason) for one in each.left_out]
        for name, each in held.items()
        if each.left_out
    }
    assert left_out == {
        "l2": [(10, 20, "other"), (60, 90, "other")],
        "l9": [(1, 2, "other")],
        "l40": [(0, 5, "other")],
    }
    # A share of a hidden lesson opens nothing.
    assert [name for name, each in held.items() if each.is_shared] == ["l1"]
    assert store.held_between(HOUR_NS, 2 * HOUR_NS, 9)[0].left_out == ()


PAGES = ("first page", "a deep page", "a deep page of own", "coming", "a week", "a room")


@pytest.mark.parametrize("question", PAGES)
def test_a_page_takes_a_part_of_the_work_of_passing_over_all(
    large: SqliteDatabase, question: str
) -> None:
    """Counted in instructions of SQLite, since a plan does not say how far an index is walked."""
    counted = [0]

    def count() -> int:
        counted[0] += 1
        return 0

    def work(ask: Any) -> int:
        counted[0] = 0
        ask(SharingStore(large))
        return counted[0]

    large._raw.set_progress_handler(count, 10)
    part = work(QUESTIONS[question])
    whole = work(lambda store: store.held_between(0, LESSONS * HOUR_NS, 0))
    large._raw.set_progress_handler(None, 0)
    assert part < 0.25 * whole, (part, whole)


def test_the_first_page_of_someone_with_many_lessons_is_not_sorted(large: SqliteDatabase) -> None:
    asked: list[str] = []
    large._raw.set_trace_callback(asked.append)
    SharingStore(large).lessons("t0", BOTH, 0, limit=51)
    large._raw.set_trace_callback(None)
    plan = [row[3] for row in large._raw.execute(f"EXPLAIN QUERY PLAN {asked[-1]}")]
    with large.reading() as connection:
        many = connection.scalar(listing.count_up_to(5_000), {"viewer": "t0"}) > listing.FEW
    assert any("lessons_start" in step for step in plan) is many, plan
