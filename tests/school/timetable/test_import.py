"""Importing a timetable, and importing it again."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from contract.errors import UsageError
from contract.lesson import Activity, Zone
from school import open_lesson_store
from school.lessons.memory import MemoryLessonStore
from school.lessons.origins import Origin, Reschedule
from school.lessons.records import Lesson
from school.moments.records import Moment
from tests.school.timetable.calendars import calendar, event
from tests.school.timetable.importing import Office, utc_ns

HEAD = "room,teacher,title,date,start,end,activities,weekly\n"
WEEKLY = "RRULE:FREQ=WEEKLY;COUNT=3\n"
TEST = (Activity(start_s=0, end_s=600, name="test"),)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, MemoryLessonStore())


def rows(*lines: str) -> str:
    return HEAD + "".join(f"{line}\n" for line in lines)


def test_an_import_says_what_it_changes_and_a_dry_run_the_same(office: Office) -> None:
    text = rows(
        "r1,Ada,Maths,2026-10-21,09:00,09:45,,",
        "r2,Bo,Art,2026-10-21,09:00,09:45,,",
        "r1,Ada,Maths,2026-09-30,09:00,09:45,,",
    )
    said = [
        "+ r1-20261021T070000Z  2026-10-21 09:00–09:45  room r1  Ada  Maths",
        "+ r2-20261021T070000Z  2026-10-21 09:00–09:45  room r2  Bo  Art",
        "plan.csv: 2 added, 0 changed, 0 removed, 0 unchanged; past and not touched: 1",
    ]
    assert office.load(text, "--dry-run") == [*said, "Nothing was changed (--dry-run)."]
    assert office.plan() == []
    assert office.load(text) == said
    assert office.load(text) == [
        "plan.csv: 0 added, 0 changed, 0 removed, 2 unchanged; past and not touched: 1"
    ]
    moved = "r1-20261021T070000Z  2026-10-21 09:10–09:55  room r3  Ada  Maths"
    changed = rows("r3,Ada,Maths,2026-10-21,09:10,09:55,test 09:10-09:20,")
    assert office.load(changed) == [
        "- r2-20261021T070000Z  2026-10-21 09:00–09:45  room r2  Bo  Art",
        f"~ {moved} (was: 2026-10-21 09:00–09:45, room r1, other activities)",
        "plan.csv: 0 added, 1 changed, 1 removed, 0 unchanged",
    ]
    assert office.plan() == [("10-21 09:10", "r3", "Ada", "Maths")]


def declared(office: Office, lesson: str) -> None:
    """All that can hang on a lesson before it has begun."""
    zone = (Zone(name="door", seats=(1, 2, 3, 4, 5)),)
    office.change(lesson, activities=TEST, zones=zone, video="/v.mp4")
    moment = Moment(
        id="m", lesson=lesson, start_s=1, end_s=2, note="", author="ada", role="teacher"
    )
    office.store.put_moment(moment)


def assert_declared(office: Office, lesson: str) -> None:
    found = office.store.get(lesson)
    assert found is not None
    assert (found.activities, found.video) == (TEST, "/v.mp4")
    assert [zone.name for zone in found.zones] == ["door"]
    assert [moment.id for moment in office.store.moments(lesson)] == ["m"]


@pytest.mark.parametrize(
    ("row", "start", "room"),
    (
        ("r1,Ada,Maths,2026-10-21,09:10,09:55,,", "10-21 09:10", "r1"),
        ("r1,Ada,Maths,2026-10-21,13:00,13:45,,", "10-21 13:00", "r1"),
        ("r9,Ada,Maths,2026-10-21,09:00,09:45,,", "10-21 09:00", "r9"),
        ("r9,Ada,Maths,2026-10-21,13:00,13:45,,", "10-21 13:00", "r9"),
        ("r1,Ada,Maths,2026-10-23,13:00,13:45,,", "10-23 13:00", "r1"),
        ("r1,Ada,Fractions,2026-10-21,09:00,09:45,,", "10-21 09:00", "r1"),
        ("r1,Cy,Maths,2026-10-21,09:00,09:45,,", "10-21 09:00", "r1"),
        ("r1,Cy,Music,2026-10-21,09:00,09:30,,", "10-21 09:00", "r1"),
    ),
)
def test_a_row_that_changes_keeps_its_lesson(
    office: Office, row: str, start: str, room: str
) -> None:
    office.load(rows("r1,Ada,Maths,2026-10-21,09:00,09:45,,", "r2,Bo,Art,2026-10-21,09:00,09:45,,"))
    name = office.ids()["10-21 09:00", "r1"]
    declared(office, name)
    office.load(rows(row, "r2,Bo,Art,2026-10-21,09:00,09:45,,"))
    assert office.ids()[start, room] == name
    assert len(office.ids()) == 2
    assert_declared(office, name)


def test_two_rows_that_change_places_keep_their_lessons(office: Office) -> None:
    office.load(rows("r1,Ada,Maths,2026-10-21,09:00,09:45,,", "r1,Bo,Art,2026-10-21,10:00,10:45,,"))
    before = office.ids()
    office.load(rows("r1,Ada,Maths,2026-10-21,10:00,10:45,,", "r1,Bo,Art,2026-10-21,09:00,09:45,,"))
    after = office.ids()
    assert after["10-21 10:00", "r1"] == before["10-21 09:00", "r1"]
    assert after["10-21 09:00", "r1"] == before["10-21 10:00", "r1"]


def test_a_new_lesson_in_the_place_of_one_that_moved_gets_an_id_of_its_own(office: Office) -> None:
    office.load(rows("r1,Ada,Maths,2026-10-21,09:00,09:45,,"))
    office.load(rows("r1,Ada,Maths,2026-10-21,10:00,10:45,,", "r1,Bo,Art,2026-10-21,09:00,09:45,,"))
    assert office.ids() == {
        ("10-21 10:00", "r1"): "r1-20261021T070000Z",
        ("10-21 09:00", "r1"): "r1-20261021T070000Z-2",
    }


def test_of_a_double_lesson_the_one_that_stays_is_kept(office: Office) -> None:
    office.load(
        rows("r1,Ada,Maths,2026-10-21,09:00,09:45,,", "r1,Ada,Maths,2026-10-21,09:45,10:30,,")
    )
    second = office.ids()["10-21 09:45", "r1"]
    office.load(rows("r1,Ada,Maths,2026-10-21,09:50,10:35,,"))
    assert office.ids() == {("10-21 09:50", "r1"): second}


@pytest.mark.parametrize(
    "override",
    (
        event("20261028T091000", "20261028T095500", "RECURRENCE-ID:20261028T080000Z\n"),
        event("20261028T090000", "20261028T094500", "RECURRENCE-ID:20261028T080000Z\n", room="r9"),
        event("20261119T200000", "20261119T210000", "RECURRENCE-ID:20261028T080000Z\n", room="r9",
              title="Exam"),
    ),
)  # fmt: skip
def test_an_event_that_is_moved_keeps_its_lesson(office: Office, override: str) -> None:
    office.load(calendar(event(more=WEEKLY)), name="plan.ics")
    name = office.ids()["10-28 09:00", "room-12"]
    declared(office, name)
    said = office.load(calendar(event(more=WEEKLY), override), name="plan.ics")
    assert said[-1] == "plan.ics: 0 added, 1 changed, 0 removed, 2 unchanged"
    assert_declared(office, name)
    assert ("10-28 09:00", "room-12") not in office.ids()


@pytest.mark.parametrize(
    ("start", "end"),
    (
        ("20261021T091000", "20261021T095500"),
        ("20261021T140000", "20261021T144500"),
        ("20261022T090000", "20261022T094500"),
    ),
)
def test_a_series_that_is_moved_keeps_its_lessons(office: Office, start: str, end: str) -> None:
    office.load(calendar(event(more=WEEKLY)), name="plan.ics")
    before = [name for _, name in sorted(office.ids().items())]
    text = calendar(event(start, end, WEEKLY, room="r2"))
    assert office.load(text, name="plan.ics")[-1] == (
        "plan.ics: 0 added, 3 changed, 0 removed, 0 unchanged"
    )
    assert [name for _, name in sorted(office.ids().items())] == before
    assert office.load(text, name="plan.ics")[-1].endswith("3 unchanged")


def test_an_event_that_begins_or_ceases_to_recur_keeps_its_lesson(office: Office) -> None:
    office.load(calendar(event()), name="plan.ics")
    name = office.ids()["10-21 09:00", "room-12"]
    office.load(calendar(event(more=WEEKLY)), name="plan.ics")
    assert office.ids()["10-21 09:00", "room-12"] == name
    office.load(calendar(event()), name="plan.ics")
    assert office.ids() == {("10-21 09:00", "room-12"): name}


def test_a_program_that_draws_new_uids_keeps_the_lessons(office: Office) -> None:
    office.load(calendar(event(more=WEEKLY, uid="a")), name="plan.ics")
    before = office.ids()
    said = office.load(calendar(event(more=WEEKLY, uid="b")), name="plan.ics")
    assert said == ["plan.ics: 0 added, 0 changed, 0 removed, 3 unchanged"]
    assert office.ids() == before


def test_another_event_in_the_same_place_is_another_lesson(office: Office) -> None:
    office.load(calendar(event(uid="a")), name="plan.ics")
    declared(office, office.ids()["10-21 09:00", "room-12"])
    other = event(uid="b", title="Art").replace("Ms Ada", "Mr Bo")
    office.load(calendar(other), name="plan.ics")
    (lesson,) = office.store.lessons()
    assert (lesson.teacher, lesson.activities, lesson.video) == ("Mr Bo", (), None)
    assert office.store.moments(lesson.id) == []


def test_cancelled_and_missing_lessons_go(office: Office) -> None:
    office.load(calendar(event(more=WEEKLY), event(uid="2", room="r2")), name="plan.ics")
    cancelled = event(more="RECURRENCE-ID:20261028T080000Z\nSTATUS:CANCELLED\n")
    office.load(calendar(event(more=WEEKLY), cancelled), name="plan.ics")
    assert sorted(office.ids()) == [("10-21 09:00", "room-12"), ("11-04 09:00", "room-12")]


# ---------------------------------------------------------------- what an import does not touch


def test_other_timetables_and_lessons_by_hand_stay(office: Office) -> None:
    office.load(rows("r1,Ada,Maths,2026-10-21,09:00,09:45,,"), name="a.csv")
    office.load(rows("r2,Ada,Maths,2026-10-21,10:00,10:45,,"), name="b.csv")
    (by_hand,) = office.call(
        "start", "--room", "r3", "--teacher", "Ada", "--title", "Maths", "--at", "2026-10-21T11:00"
    )
    office.load(rows("r4,Ada,Maths,2026-10-21,12:00,12:45,,"), name="b.csv")
    assert sorted(office.ids()) == [
        ("10-21 09:00", "r1"),
        ("10-21 11:00", "r3"),
        ("10-21 12:00", "r4"),
    ]
    with pytest.raises(
        UsageError, match=f"overlaps the stored lesson {by_hand}, and a room has one"
    ):
        office.load(rows("r3,Ada,Maths,2026-10-21,11:00,11:45,,"), name="c.csv")
    with pytest.raises(UsageError, match=r"if this file is the newer one, give --source 'a\.csv'"):
        office.load(rows("r1,Ada,Maths,2026-10-21,09:00,09:50,,"), name="a (1).csv")
    office.load(
        rows("r1,Ada,Maths,2026-10-21,09:00,09:50,,"), "--source", "a.csv", name="a (1).csv"
    )
    assert len(office.ids()) == 3


def test_calendars_of_one_room_or_teacher_each_may_be_called_the_same(office: Office) -> None:
    for room in ("r1", "r2"):
        office.load(calendar(event()), "--room", room, name="basic.ics")
    assert sorted(office.ids()) == [("10-21 09:00", "r1"), ("10-21 09:00", "r2")]
    assert {origin.source for origin in office.store.origins().values()} == {
        "basic.ics, r1",
        "basic.ics, r2",
    }


def test_the_past_is_never_touched(office: Office) -> None:
    office.load(
        rows(
            "r1,Ada,Maths,2026-10-21,09:00,09:45,,2026-11-04", "r2,Bo,Art,2026-10-21,09:00,09:45,,"
        )
    )
    before = office.store.lessons()
    office.now_ns = utc_ns("2026-10-21T09:00")  # both have just begun
    office.load(rows("r1,Cy,Music,2026-10-21,09:00,09:30,,2026-10-28"))
    past = [lesson for lesson in before if lesson.starts_utc_ns <= office.now_ns]
    assert len(past) == 2
    assert [each for each in office.store.lessons() if each in before] == past
    assert sorted(office.ids()) == [
        ("10-21 09:00", "r1"), ("10-21 09:00", "r2"), ("10-28 09:00", "r1"),
    ]  # fmt: skip


def test_a_running_lesson_in_the_way_is_to_be_stopped_first(office: Office) -> None:
    office.load(rows("r1,Ada,Maths,2026-10-21,09:00,09:45,,"))
    office.now_ns = utc_ns("2026-10-21T09:05")
    earlier = rows("r1,Bo,Art,2026-10-21,09:30,10:15,,")
    with pytest.raises(UsageError, match="has begun: stop it with `roomtone lesson stop --room r1"):
        office.load(earlier)
    office.call("stop", "--room", "r1", "--at", "2026-10-21T09:30")
    office.load(earlier)
    assert sorted(office.ids()) == [("10-21 09:00", "r1"), ("10-21 09:30", "r1")]


def test_a_lesson_that_begins_while_the_file_is_read_is_past(office: Office) -> None:
    office.load(rows("r1,Ada,Maths,2026-10-21,09:00,09:45,,", "r2,Bo,Art,2026-10-22,09:00,09:45,,"))
    office.now_ns = utc_ns("2026-10-21T08:59")
    office.takes_ns = 40 * 10**9
    office.load(rows("r3,Ada,Maths,2026-10-21,09:00,09:45,,", "r2,Bo,Art,2026-10-22,09:00,09:45,,"))
    assert sorted(office.ids()) == [("10-21 09:00", "r1"), ("10-22 09:00", "r2")]


def test_a_lesson_that_is_on_is_neither_moved_nor_doubled(office: Office) -> None:
    office.load(calendar(event(more=WEEKLY)), name="plan.ics")
    office.now_ns = utc_ns("2026-10-21T09:05")
    moved = event("20261021T093000", "20261021T101500", "RECURRENCE-ID:20261021T070000Z\n")
    assert office.load(calendar(event(more=WEEKLY), moved), name="plan.ics") == [
        "plan.ics: 0 added, 0 changed, 0 removed, 2 unchanged; past and not touched: 1"
    ]
    # When it is over and takes place once more all the same, it is another lesson.
    office.now_ns = utc_ns("2026-10-21T10:00")
    again = event("20261021T140000", "20261021T144500", "RECURRENCE-ID:20261021T070000Z\n")
    for added in (1, 0):
        said = office.load(calendar(event(more=WEEKLY), again), name="plan.ics")
        assert said[-1] == (f"plan.ics: {added} added, 0 changed, 0 removed, {3 - added} unchanged")
    assert office.ids()["10-21 14:00", "room-12"] == "6b86b273ff34-20261021T070000Z-2"


def test_what_lies_beyond_the_days_that_are_read_stays(office: Office) -> None:
    office.load(calendar(event(more=WEEKLY)), name="plan.ics")
    said = office.load(
        calendar(event(uid="2", room="r2", title="Art")), "--days", "28", name="plan.ics"
    )
    assert said[-1] == "plan.ics: 1 added, 0 changed, 2 removed, 0 unchanged"
    assert sorted(office.ids()) == [("10-21 09:00", "r2"), ("11-04 09:00", "room-12")]


def test_lessons_from_before_timetables_were_known_are_taken_over(office: Office) -> None:
    old = Lesson(
        id="room-12-20261021T070000Z", room="room-12", teacher="Ms Ada", title="Maths",
        starts_utc_ns=utc_ns("2026-10-21T09:00"), ends_utc_ns=utc_ns("2026-10-21T09:45"),
        source="timetable", activities=TEST,
    )  # fmt: skip
    office.store.put(old)
    office.load(calendar(event(more=WEEKLY)), name="plan.ics")
    assert office.ids()["10-21 09:00", "room-12"] == old.id
    assert office.store.get(old.id) == old
    assert len(office.ids()) == 3
    # In another place it may be of another timetable.
    office.store.put(replace(old, id="x", room="r7"))
    office.load(rows("r8,Ms Ada,Maths,2026-10-21,14:00,14:45,,"))
    assert office.ids()["10-21 09:00", "r7"] == "x"


def test_a_csv_file_names_rooms_and_teachers_itself(office: Office) -> None:
    text = rows("r1,Ada,Maths,2026-10-21,09:00,09:45,,")
    with pytest.raises(UsageError, match="--room and --teacher are for calendars"):
        office.load(text, "--teacher", "Bo")
    with pytest.raises(UsageError, match="--source is empty"):
        office.load(text, "--source", " ")
    assert office.ids() == {}


# ---------------------------------------------------------------- what is read, what is refused


def test_a_calendar_folded_within_a_character_is_read(office: Office) -> None:
    text = calendar(event(title="Übung")).encode().replace(b"\xc3\x9c", b"\xc3\r\n \x9c")
    office.load(text, name="plan.ics")
    assert office.plan() == [("10-21 09:00", "room-12", "Ms Ada", "Übung")]


@pytest.mark.parametrize("encoding", ("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"))
def test_what_excel_and_windows_save_is_read(office: Office, encoding: str) -> None:
    table = (
        "sep=;\r\nroom;teacher;title;date;start;end;;\r\nr1;Ada;Übung;2026-10-21;09:00;09:45;;\r\n"
    )
    office.load(table.encode(encoding), name="plan.csv")
    office.load(
        table.replace("sep=;\r\n", "").replace(";", "\t").replace("r1", "r2").encode(encoding),
        name="plan.txt",
    )
    office.load(calendar(event(title="Übung")).encode(encoding), name="plan.ICS")
    assert {title for _, _, _, title in office.plan()} == {"Übung"}
    assert len(office.plan()) == 3


@pytest.mark.parametrize(
    ("name", "data", "said"),
    (
        ("plan.ics", "\n<!DOCTYPE html><html><body>Sign in", r"a web page \(HTML\), perhaps that of"),
        ("plan.csv", "<html>", r"a web page \(HTML\)"),
        ("plan.csv", "PK\x03\x04xlsx", "an Excel workbook or another ZIP archive; save it as CSV"),
        ("plan.ics", "%PDF-1.7", "a PDF document; export"),
        ("plan.csv", "r\xe4ume".encode("latin-1"), "is not UTF-8 text"),
        ("plan.csv", "a\0b", "holds NUL characters"),
        ("plan.pdf", "x", r"a timetable is a \.csv or an \.ics file"),
        ("plan.csv", HEAD, "no lesson is in it"),
        ("plan.ics", calendar(), "no lesson is in it"),
        ("plan.csv", rows("r1,A,B,2026-09-30,09:00,09:45,,", "r1,A,B,2026-06-30,09:00,09:45,,"),
         "it lies wholly in the past, its last lesson began 2026-09-30 09:00; export the coming"),
        ("plan.ics", calendar(event("20250921T090000", "20250921T094500", WEEKLY)),
         "it lies wholly in the past; export the coming lessons"),
        ("plan.ics", calendar(event("20270921T090000", "20270921T094500", WEEKLY)),
         "its lessons are all later than the 200 days of --days"),
    ),
)  # fmt: skip
def test_what_is_no_coming_timetable_is_refused_by_name(
    office: Office, name: str, data: str | bytes, said: str
) -> None:
    office.load(rows("r7,Ada,Maths,2026-10-21,09:00,09:45,,"))
    with pytest.raises(UsageError, match=rf"/{name}:? {said}"):
        office.load(data, name=name)
    assert len(office.ids()) == 1


def test_what_is_no_file_is_refused(office: Office) -> None:
    with pytest.raises(UsageError, match=r"There is no file .*none\.csv"):
        office.call("import", str(office.folder / "none.csv"))
    (office.folder / "folder.csv").mkdir()
    with pytest.raises(UsageError, match=r"folder\.csv is a directory"):
        office.call("import", str(office.folder / "folder.csv"))
    os.mkfifo(office.folder / "fifo.ics")
    with pytest.raises(UsageError, match=r"fifo\.ics is "):
        office.call("import", str(office.folder / "fifo.ics"))


def test_what_is_no_lesson_is_listed(office: Office) -> None:
    (office.folder / "map.csv").write_text("name,room\nAula!,r5\n")
    text = calendar(event(room="!"), event(uid="2", room="Aula!"))
    with pytest.raises(
        UsageError, match="'!' can't be a room's name; translate it with --rooms, or"
    ):
        office.load(text, name="plan.ics")
    options = ("--skip-unknown", "--rooms", str(office.folder / "map.csv"))
    said = office.load(text, *options, name="plan.ics")
    assert said[0] == (
        f"left out: {office.folder}/plan.ics, event 'Maths' of 2026-10-21: '!' can't be a room's name"
    )
    assert [room for _, room, _, _ in office.plan()] == ["r5"]


def test_groups_taught_together_are_one_lesson_again_and_again(office: Office) -> None:
    groups = [event(uid=f"7{x}", title=f"Maths 7{x}", more=WEEKLY) for x in "ab"]
    with pytest.raises(UsageError, match="--join-groups"):
        office.load(calendar(*groups), name="plan.ics")
    office.load(calendar(*groups), "--join-groups", name="plan.ics")
    assert {title for *_, title in office.plan()} == {"Maths 7a + Maths 7b"}
    before = office.ids()
    said = office.load(calendar(*groups[::-1]), "--join-groups", name="plan.ics")
    assert said == ["plan.ics: 0 added, 0 changed, 0 removed, 3 unchanged"]
    office.load(calendar(groups[1]), "--join-groups", name="plan.ics")
    assert office.ids() == before  # one group less is the same lesson


def test_a_refused_import_changes_nothing_in_the_file(tmp_path: Path) -> None:
    with closing(open_lesson_store(tmp_path / "data")) as store:
        office = Office(tmp_path, store)
        office.load(rows("r1,Ada,Maths,2026-10-21,09:00,09:45,,"))
        office.call("start", "--room", "r2", "--teacher", "B", "--at", "2026-10-22T09:00")
        before = store.lessons(), store.origins(), store.version()
        with pytest.raises(UsageError, match="overlaps"):
            office.load(
                rows("r9,Ada,Maths,2026-10-21,09:00,09:45,,", "r2,B,,2026-10-22,09:00,09:45,,")
            )
        assert (store.lessons(), store.origins(), store.version()) == before


class _Watched(MemoryLessonStore):
    """Somebody declares something at the last moment."""

    def reschedule(
        self, decide: Callable[[list[Lesson], dict[str, Origin]], Reschedule]
    ) -> Reschedule:
        for lesson in self.lessons():
            self.put(Lesson(**{n: getattr(lesson, n) for n in lesson.__slots__} | {"video": "/v"}))
        return super().reschedule(decide)


def test_what_is_declared_during_an_import_is_not_lost(tmp_path: Path) -> None:
    office = Office(tmp_path, _Watched())
    office.load(rows("r1,Ada,Maths,2026-10-21,09:00,09:45,,"))
    office.load(rows("r1,Ada,Maths,2026-10-21,09:10,09:55,,"))
    assert [lesson.video for lesson in office.store.lessons()] == ["/v"]


# ---------------------------------------------------------------- removing


def test_coming_lessons_are_removed_all_or_none(office: Office) -> None:
    office.load(rows("r1,Ada,Maths,2026-10-21,09:00,09:45,,2026-11-04"))
    (by_hand,) = office.call("start", "--room", "r3", "--teacher", "B", "--at", "2026-10-22T09:00")
    first, second, third = sorted(name for (_, room), name in office.ids().items() if room == "r1")
    office.now_ns = utc_ns("2026-10-21T09:00")
    with pytest.raises(UsageError, match=f"{first} has begun; `roomtone purge --lesson {first}`"):
        office.call("remove", second, first)
    with pytest.raises(UsageError, match="there is no lesson 'x'"):
        office.call("remove", second, "x")
    assert len(office.ids()) == 4
    assert office.call("remove", second, by_hand, second) == [
        f"{second} is removed; an import of plan.csv that still has it brings it back",
        f"{by_hand} is removed",
    ]
    assert set(office.ids().values()) == {first, third}
