"""Timetables in CSV: what they say, and what is refused with which sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import UsageError
from school.lessons.records import Lesson
from school.timetable.csv_file import read_csv, read_rooms
from school.timetable.entries import Entry, Rooms
from school.timetable.overlap import join_groups, refuse_overlaps

BERLIN = ZoneInfo("Europe/Berlin")
LONGEST_NS = 12 * 3_600_000_000_000
HEAD = "room,teacher,title,date,start,end,activities,weekly\n"


def csv(*rows: str) -> tuple[Entry, ...]:
    return read_csv(HEAD + "\n".join(rows) + "\n", name="plan.csv", zone=BERLIN).entries


def refuse(entries: Sequence[Entry], stored: Sequence[Lesson] = ()) -> None:
    refuse_overlaps(entries, stored, {}, now_ns=0, longest_ns=LONGEST_NS)


def at(lesson: Lesson) -> str:
    """When a lesson starts and ends, in UTC."""
    assert lesson.ends_utc_ns is not None
    start, end = (
        datetime.fromtimestamp(ns / 1e9, UTC) for ns in (lesson.starts_utc_ns, lesson.ends_utc_ns)
    )
    return f"{start:%Y-%m-%d %H:%M}-{end:%H:%M}"


def test_a_row_is_a_lesson_in_the_schools_time() -> None:
    (entry,) = csv('Room 12,Ms Ada,"Maths, 7b",2026-09-30,09:45,10:30,,')
    lesson = entry.lesson
    assert (lesson.room, lesson.teacher, lesson.title) == ("room-12", "Ms Ada", "Maths, 7b")
    assert at(lesson) == "2026-09-30 07:45-08:30"
    assert lesson.id == "room-12-20260930T074500Z"
    assert lesson.source == "timetable"


def test_weekly_lessons_stay_at_their_hour_over_the_change_of_clocks() -> None:
    entries = csv("r1,T,,2026-10-21,09:00,09:45,,2026-11-04")
    assert [at(entry.lesson) for entry in entries] == [
        "2026-10-21 07:00-07:45",
        "2026-10-28 08:00-08:45",
        "2026-11-04 08:00-08:45",
    ]


def test_activities_are_seconds_since_the_start() -> None:
    (entry,) = csv("r1,T,,2026-09-30,09:00,09:45,test 09:10-09:30|whole_class 09:00-09:10,")
    assert [(a.name, a.start_s, a.end_s) for a in entry.lesson.activities] == [
        ("whole_class", 0, 600),
        ("test", 600, 1800),
    ]


@pytest.mark.parametrize(
    "text",
    (
        "Room;Teacher;Title;Date;Start;End\n\nr1;T;;2026-09-30;09:00;09:45\n;;;;;\n",
        "sep=;\r\nRoom;Teacher;Title;Date;Start;End\r\nr1;T;;2026-09-30;09:00;09:45\r\n",
        '"sep=,",,,,,\nRoom,Teacher,Title,Date,Start,End\nr1,T,,2026-09-30,09:00,09:45\n',
        "Room\tTeacher\tTitle\tDate\tStart\tEnd\r\nr1\tT\t\t2026-09-30\t09:00\t09:45\r\n",
        "room,teacher,title,date,start,end,,,\nr1,T,,2026-09-30,09:00,09:45,,,\n",
        "room,teacher,title,date,start,end\nr1,T,,2026-09-30,09:00,09:45,,,\n",
        "room,,teacher,title,date,start,end\nr1,,T,,2026-09-30,09:00,09:45\n",
        ",,,\n\nroom,teacher,title,date,start,end\nr1,T,,2026-09-30,09:00,09:45\n",
    ),
)
def test_what_spreadsheets_make_of_a_table_is_read(text: str) -> None:
    (entry,) = read_csv(text, name="plan.csv", zone=BERLIN).entries
    assert (entry.lesson.room, entry.lesson.teacher) == ("r1", "T")
    assert at(entry.lesson) == "2026-09-30 07:00-07:45"


def test_a_line_is_counted_as_an_editor_counts_it() -> None:
    text = "sep=;\nroom;teacher;title;date;start;end\n\nr1;;;2026-09-30;09:00;09:45\n"
    with pytest.raises(UsageError, match=r"^plan\.csv, line 4: teacher is empty; "):
        read_csv(text, name="plan.csv", zone=BERLIN)


def test_rows_without_room_or_teacher_can_be_left_out() -> None:
    rows = (
        "Café!,T,,2026-09-30,09:00,09:45,,",
        "r1,,,2026-09-30,09:00,09:45,,",
        "r1,T,,2026-09-30,09:00,09:45,,",
    )
    reading = read_csv(HEAD + "\n".join(rows), name="plan.csv", zone=BERLIN, skips_unknown=True)
    assert len(reading.entries) == 1
    assert reading.left_out == (
        "plan.csv, line 2: 'Café!' can't be a room's name",
        "plan.csv, line 3: teacher is empty",
    )
    with pytest.raises(UsageError, match="or leave it out with --skip-unknown"):
        csv(*rows)


def test_names_of_rooms_are_translated() -> None:
    rooms = read_rooms("sep=;\nname;room;\nBio-Saal  (E.12);Room 12;\nCafé!;r2\n", name="map.csv")
    assert rooms == Rooms(by_name={"bio-saal (e.12)": "room-12", "café!": "r2"})
    text = HEAD + "BIO-saal (E.12),T,,2026-09-30,09:00,09:45,,\nr7,T,,2026-09-30,09:00,09:45,,"
    reading = read_csv(text, name="plan.csv", zone=BERLIN, rooms=rooms)
    assert [entry.lesson.room for entry in reading.entries] == ["room-12", "r7"]


@pytest.mark.parametrize(
    ("text", "said"),
    (
        ("name\nx\n", r"^map\.csv: the first line has no room; it names the columns name, room\.$"),
        ("name,room\n,r1\n", r"^map\.csv, line 2: name is empty\.$"),
        ("name,room\nA,!\n", r"^map\.csv, line 2: '!' can't be a room's name"),
        ("name,room\nA,r1\na,r2\n", r"^map\.csv, line 3: 'a' is named twice, with different"),
    ),
)
def test_a_wrong_map_of_rooms_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_rooms(text, name="map.csv")


@pytest.mark.parametrize(
    ("row", "said"),
    (
        ("r1,T,,30.9.2026,09:00,09:45,,", "line 2: date is '30.9.2026', expected such as 2026"),
        ("r1,T,,2026-09-30,9 am,09:45,,", "line 2: start is '9 am', expected such as 09:45"),
        ("r1,T,,2026-09-30,09:00,08:45,,", "line 2: end 08:45 is not after start 09:00"),
        ("r1,,,2026-09-30,09:00,09:45,,", "line 2: teacher is empty"),
        ("Café!,T,,2026-09-30,09:00,09:45,,", "can't be a room's name"),
        ("ingest,T,,2026-09-30,09:00,09:45,,", "can't be a room's name"),
        ("r1,T,,2026-09-30,09:00,09:45,nap 09:00-09:10,", "activities has 'nap 09:00-09:10'"),
        ("r1,T,,2026-09-30,09:00,09:45,test 08:00-09:10,", "not inside the lesson"),
        ("r1,T,,2026-09-30,09:00,09:45,test 09:00-09:20|test 09:10-09:30,", "overlap"),
        ("r1,T,,2026-09-30,09:00,09:45,,2026-01-01", "weekly is '2026-01-01'"),
        ("r1,T,,2026-09-30,09:00,09:45,,,surplus", "more values than columns"),
        ("r1,T,,0026-09-30,09:00,09:45,,", "its date is in the year 0026, expected 1990 to 2200"),
        ("r1,T,,9999-09-30,09:00,09:45,,", "its date is in the year 9999, expected 1990 to 2200"),
        ("r1,T,,2026-09-30,09:00,09:45,,9999-12-31", "its weekly is in the year 9999"),
    ),
)
def test_a_wrong_row_is_refused_with_its_line(row: str, said: str) -> None:
    with pytest.raises(UsageError, match=r"plan\.csv, line 2") as refused:
        csv(row)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "head",
    ("room,teacher\n", HEAD.replace("room", "rooms"), "", "\x00\n", HEAD.replace("weekly", "room")),
)
def test_a_wrong_first_line_is_refused(head: str) -> None:
    with pytest.raises(UsageError, match=r"the first line|not CSV"):
        read_csv(head, name="plan.csv", zone=BERLIN)


def test_two_lessons_at_once_in_a_room_are_refused_with_both_lines() -> None:
    entries = csv(
        "r1,T,,2026-09-30,09:00,09:45,,",
        "r2,T,,2026-09-30,09:00,09:45,,",
        "r1,U,,2026-09-30,09:44,10:00,,",
    )
    with pytest.raises(UsageError, match=r"line 4 overlaps plan\.csv, line 2 in room r1"):
        refuse(entries)


def test_one_inside_a_longer_one_is_found_behind_a_third() -> None:
    entries = csv(
        "r1,T,,2026-09-30,08:00,12:00,,",
        "r2,T,,2026-09-30,09:00,09:45,,",
        "r1,U,,2026-09-30,11:00,11:45,,",
    )
    with pytest.raises(UsageError, match=r"line 4 overlaps plan\.csv, line 2 in room r1"):
        refuse(entries)


def test_lessons_may_follow_without_a_break() -> None:
    refuse(csv("r1,T,,2026-09-30,09:00,09:45,,", "r1,U,,2026-09-30,09:45,10:00,,"))


def test_a_stored_lesson_at_the_same_time_is_named() -> None:
    (old,) = csv("r1,T,,2026-09-30,09:00,09:45,,")
    for row in ("r1,T,,2026-09-30,09:30,09:50,,", "r1,T,,2026-09-30,08:30,09:50,,"):
        with pytest.raises(UsageError, match="the stored lesson r1-20260930T070000Z"):
            refuse(csv(row), [old.lesson])


def test_stored_lessons_that_overlap_each_other_are_no_reason_to_refuse_a_file() -> None:
    stored = [
        entry.lesson
        for entry in csv("r1,T,,2026-09-30,09:00,09:45,,", "r1,T,,2026-09-30,09:30,09:50,,")
    ]
    refuse(csv("r1,T,,2026-09-30,10:00,10:45,,"), stored)


def test_a_stored_lesson_that_nobody_ended_is_in_the_way_until_it_counts_as_over() -> None:
    (old,) = csv("r1,T,,2026-09-30,07:00,07:45,,")
    forgotten = Lesson(**{**vars_of(old.lesson), "ends_utc_ns": None})
    refuse(csv("r1,T,,2026-09-30,19:00,19:45,,"), [forgotten])
    with pytest.raises(UsageError, match="overlaps the stored lesson"):
        refuse(csv("r1,T,,2026-09-30,18:59,19:45,,"), [forgotten])


def test_groups_taught_together_are_one_lesson() -> None:
    rows = (
        "r1,T,Maths 7b,2026-09-30,09:00,09:45,,",
        "r1,T,Maths 7a,2026-09-30,09:00,09:45,test 09:00-09:10,",
        "r1,T,Art,2026-09-30,10:00,10:45,,",
        "r2,T,Maths 7a,2026-09-30,09:00,09:45,,",
    )
    entries = csv(*rows)
    with pytest.raises(UsageError, match=r"; join groups taught together with --join-groups\.$"):
        refuse(entries)
    joined = join_groups(entries)
    refuse(joined)
    assert [(entry.lesson.room, entry.lesson.title) for entry in joined] == [
        ("r1", "Maths 7a + Maths 7b"),
        ("r1", "Art"),
        ("r2", "Maths 7a"),
    ]
    assert [activity.name for activity in joined[0].lesson.activities] == ["test"]
    assert {entry.lesson for entry in join_groups(entries[::-1])} == {x.lesson for x in joined}


def test_groups_of_two_teachers_or_with_different_activities_are_refused() -> None:
    with pytest.raises(UsageError, match=r"line 2 of T and plan\.csv, line 3 of U are at once"):
        join_groups(csv("r1,T,,2026-09-30,09:00,09:45,,", "r1,U,,2026-09-30,09:00,09:45,,"))
    with pytest.raises(UsageError, match=r"line 2 and plan\.csv, line 3 .* different activities"):
        join_groups(
            csv(
                "r1,T,,2026-09-30,09:00,09:45,test 09:00-09:10,",
                "r1,T,,2026-09-30,09:00,09:45,test 09:00-09:20,",
            )
        )


def vars_of(lesson: Lesson) -> dict[str, object]:
    return {name: getattr(lesson, name) for name in lesson.__slots__}


@given(text=st.text(max_size=200), row=st.lists(st.text(max_size=12), max_size=9))
def test_any_text_is_read_or_refused(text: str, row: list[str]) -> None:
    for each in (text, HEAD + text, HEAD + ",".join(row)):
        for skips_unknown in (False, True):
            try:
                read_csv(each, name="x", zone=BERLIN, skips_unknown=skips_unknown)
            except UsageError as error:
                assert str(error).startswith("x")  # noqa: PT017 - the sentence names the file
