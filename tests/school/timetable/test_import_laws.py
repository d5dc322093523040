"""Laws of importing that hold for any timetable, and any bytes in its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from contract.errors import UsageError
from school.lessons.memory import MemoryLessonStore
from school.timetable.difference_lines import lesson_line
from tests.school.timetable.calendars import BERLIN, ZONE, calendar
from tests.school.timetable.importing import Office

pytestmark = pytest.mark.slow

DAY = datetime(2026, 10, 5, tzinfo=BERLIN)
HEAD = "room,teacher,title,date,start,end,weekly\n"

# Four slots a day in four rooms: files of one kind meet often, and some collide.
slots = st.builds(
    lambda day, slot, late: DAY + timedelta(days=day, hours=8 + slot, minutes=10 * late),
    st.integers(-9, 12),
    st.integers(0, 3),
    st.integers(0, 1),
)
rooms = st.sampled_from(("r1", "r2", "r3", "r4"))
teachers = st.sampled_from(("Ada", "Bo"))
titles = st.sampled_from(("", "Art", "Maths"))


@st.composite
def rows(draw: st.DrawFn) -> str:
    start = draw(slots)
    end = start + timedelta(minutes=45)
    until = (start + timedelta(weeks=draw(st.integers(0, 2)))).date()
    return (
        f"{draw(rooms)},{draw(teachers)},{draw(titles)},{start:%Y-%m-%d},{start:%H:%M},"
        f"{end:%H:%M},{until}\n"
    )


@st.composite
def events(draw: st.DrawFn) -> str:
    start = draw(slots)
    end = start + timedelta(minutes=draw(st.sampled_from((0, 45, 45, 45))))
    lines = [
        f"UID:{draw(st.integers(1, 5))}",
        f"SUMMARY:{draw(titles)}",
        f"LOCATION:{draw(rooms)}",
        f"ORGANIZER;CN={draw(teachers)}:mailto:x@y.z",
        f"DTSTART;TZID=Europe/Berlin:{start:%Y%m%dT%H%M%S}",
        f"DTEND;TZID=Europe/Berlin:{end:%Y%m%dT%H%M%S}",
        f"SEQUENCE:{draw(st.integers(0, 9))}",
    ]
    other = draw(slots)
    if draw(st.booleans()):
        span = draw(st.sampled_from(("", ";RANGE=THISANDFUTURE")))
        lines.append(f"RECURRENCE-ID{span};TZID=Europe/Berlin:{other:%Y%m%dT%H%M%S}")
    frequency = draw(
        st.sampled_from(("", "DAILY;COUNT=3", "WEEKLY;COUNT=4", "WEEKLY;UNTIL=20261030"))
    )
    if frequency:
        lines.append(f"RRULE:FREQ={frequency}")
    if draw(st.booleans()):
        lines.append(f"EXDATE;TZID=Europe/Berlin:{other:%Y%m%dT%H%M%S}")
    if draw(st.integers(0, 5)) == 0:
        lines.append("STATUS:CANCELLED")
    return "BEGIN:VEVENT\n" + "\n".join(lines) + "\nEND:VEVENT\n"


Timetable = tuple[str, list[str]]
timetables = st.one_of(
    st.tuples(st.just("plan.csv"), st.lists(rows(), min_size=1, max_size=6)),
    st.tuples(st.just("plan.ics"), st.lists(events(), min_size=1, max_size=6)),
)
two_timetables = st.one_of(
    *(
        st.tuples(*[st.tuples(st.just(name), st.lists(one(), min_size=1, max_size=6))] * 2)
        for name, one in (("plan.csv", rows), ("plan.ics", events))
    )
)


def written(timetable: Timetable) -> str:
    name, parts = timetable
    return HEAD + "".join(parts) if name.endswith(".csv") else calendar(*parts)


def office(folder: str) -> Office:
    return Office(Path(folder), MemoryLessonStore(), now="2026-10-05T08:30")


def take(where: Office, timetable: Timetable, *options: str) -> list[str]:
    """Import it; a timetable that collides with itself or has nothing to come proves nothing."""
    try:
        return where.load(written(timetable), *options, name=timetable[0])
    except UsageError as error:
        assert written(timetable) not in str(error)  # noqa: PT017
        assume(False)
        raise


def state(where: Office) -> list[object]:
    return [where.store.lessons(), where.store.origins()]


@given(timetables)
def test_importing_twice_changes_nothing(timetable: Timetable) -> None:
    with TemporaryDirectory() as folder:
        one = office(folder)
        take(one, timetable)
        before = state(one)
        said = one.load(written(timetable), name=timetable[0])
        assert state(one) == before
        assert [line for line in said if line[0] in "+-~"] == []
        assert " 0 added, 0 changed, 0 removed, " in said[-1]


@given(two_timetables)
def test_one_after_another_is_the_same_as_the_other_alone(
    both: tuple[Timetable, Timetable],
) -> None:
    with TemporaryDirectory() as folder:
        one, other = office(folder), office(folder)
        take(one, both[0])
        before = one.store.lessons()
        take(other, both[1])
        one.load(written(both[1]), name=both[1][0])
        assert one.plan() == other.plan()
        # No lesson is known by two names, and one that keeps its time and class keeps its name.
        assert len({lesson.id for lesson in one.store.lessons()}) == len(one.store.lessons())
        if both[1][0] == "plan.csv":
            names = {(x.room, x.starts_utc_ns, x.teacher, x.title): x.id for x in before}
            for lesson in one.store.lessons():
                key = (lesson.room, lesson.starts_utc_ns, lesson.teacher, lesson.title)
                assert names.get(key, lesson.id) == lesson.id


@given(two_timetables)
def test_a_dry_run_prints_what_the_import_then_does(both: tuple[Timetable, Timetable]) -> None:
    with TemporaryDirectory() as folder:
        one = office(folder)
        take(one, both[0])
        before = one.store.lessons()
        *dry, last = take(one, both[1], "--dry-run")
        assert last == "Nothing was changed (--dry-run)."
        assert one.store.lessons() == before
        assert one.load(written(both[1]), name=both[1][0]) == dry
        after = one.store.lessons()
        lines = {mark: {line.split()[1]: line for line in dry if line[0] == mark} for mark in "+-~"}
        old, new = ({lesson.id: lesson for lesson in some} for some in (before, after))
        assert set(lines["+"]) == set(new) - set(old)
        assert set(lines["-"]) == set(old) - set(new)
        assert set(lines["~"]) == {name for name in set(old) & set(new) if old[name] != new[name]}
        for name, line in (lines["+"] | lines["~"]).items():
            assert line[2:].startswith(lesson_line(new[name], BERLIN))


@given(timetables, st.randoms(use_true_random=False))
def test_the_order_in_a_file_does_not_matter(timetable: Timetable, random: object) -> None:
    name, parts = timetable
    with TemporaryDirectory() as folder:
        one, other = office(folder), office(folder)
        take(one, timetable)
        shuffled = list(parts)
        random.shuffle(shuffled)  # type: ignore[attr-defined]
        take(other, (name, shuffled))
        assert state(other) == state(one)


@given(two_timetables)
def test_the_past_is_never_touched(both: tuple[Timetable, Timetable]) -> None:
    with TemporaryDirectory() as folder:
        one = office(folder)
        take(one, both[0])
        one.now_ns += 5 * 86_400 * 10**9
        before = [x for x in one.store.lessons() if x.starts_utc_ns <= one.now_ns]
        take(one, both[1])
        assert [x for x in one.store.lessons() if x.starts_utc_ns <= one.now_ns] == before


# ---------------------------------------------------------------- what is no timetable


def refused_or_read(data: bytes, name: str, *options: str) -> None:
    with TemporaryDirectory() as folder:
        where = office(folder)
        before = where.store.lessons()
        try:
            where.load(data, *options, name=name)
        except UsageError as error:
            said = str(error)
        else:
            return
        assert where.store.lessons() == before
        assert f"/{name}" in said
        assert said.endswith(".")
        assert "\n" not in said


@given(st.binary(max_size=300), st.sampled_from(("plan.csv", "plan.ics")))
def test_any_bytes_are_read_or_refused_by_name(data: bytes, name: str) -> None:
    refused_or_read(data, name)


WORDS = (
    b"BEGIN:VEVENT", b"END:VEVENT", b"BEGIN:VCALENDAR", b"END:VCALENDAR", b"TZID", b"0", b"-1", b"9",
    b";", b":", b",", b"\r\n", b"\r\n ", b"\x00", b"\xff", b"UTC", b"Europe", b"RANGE", b"PERIOD",
    b"DATE", b"FREQ=YEARLY", b"BYHOUR=99", b"BYDAY=99MO", b"BYSETPOS=-1", b"INTERVAL=0",
    b"UNTIL=00010101", b"DURATION:-P9W", b"RDATE:20261021/P1D", b"EXDATE;VALUE=DATE:20261021",
    b"RECURRENCE-ID:20261021", b"X-WR-TIMEZONE:x", b"BEGIN:VTIMEZONE", b"END:VTIMEZONE",
    b"METHOD:CANCEL", b'"', b"CN=", b"20261021T250000", b"+00:00",
)  # fmt: skip


def _damaged(draw: st.DrawFn, data: bytes) -> bytes:
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        data = data[:start] + draw(st.sampled_from(WORDS) | st.binary(max_size=3)) + data[end:]
    return data


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_timetable_is_read_or_refused_by_name(data: st.DataObject) -> None:
    timetable = data.draw(timetables)
    draw: st.DrawFn = data.draw  # type: ignore[assignment]
    options = ("--skip-unknown",) if data.draw(st.booleans()) else ()
    text = written(timetable)
    if timetable[0] == "plan.ics" and data.draw(st.booleans()):
        zone = ZONE.format(
            name="Custom", offset="+0300", more="RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\n"
        )
        text = calendar(zone, *timetable[1]).replace("Europe/Berlin", "Custom")
    refused_or_read(_damaged(draw, text.encode()), timetable[0], *options)


@pytest.mark.parametrize("name", ("plan.csv", "plan.ics"))
def test_the_sentences_have_no_word_of_python(name: str) -> None:
    for data in (b"", b"BEGIN:VCALENDAR\r\n", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"):
        with TemporaryDirectory() as folder, pytest.raises(UsageError) as refused:
            office(folder).load(data, name=name)
        assert re.search(r"Error|Traceback|None|object", str(refused.value)) is None


def test_the_strategies_reach_what_they_should() -> None:
    """Without lessons to compare, the laws above would prove nothing."""
    found: list[Sequence[object]] = []

    @settings(max_examples=60, database=None)
    @given(two_timetables)
    def collect(both: tuple[Timetable, Timetable]) -> None:
        with TemporaryDirectory() as folder:
            one = office(folder)
            take(one, both[0])
            found.append([line[0] for line in take(one, both[1]) if line[0] in "+-~"])

    collect()
    marks = [mark for each in found for mark in each]
    assert min(marks.count(mark) for mark in "+-~") > 5
