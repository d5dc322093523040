"""Answers that an older version counted in other groups are in none of the new ones."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

from school import open_school
from school.audit.actor import Actor
from school.cohorts.cohort_records import GROUP_OF, SpanPlace
from school.known_schemas.sqlite import KNOWN_SCHEMAS
from school.lessons.records import Lesson

PLACE = SpanPlace(activity="", third=0)
OLD = """
INSERT INTO alembic_version VALUES('0041');
INSERT INTO revision VALUES(0, 1);
INSERT INTO cohorts VALUES('c', NULL, 'Wait time', 'Think first', 1);
INSERT INTO cohort_tasks VALUES('t', 'c', 'How long?', '2026-03-05', 1);
PRAGMA user_version = 45
"""


def test_what_was_handed_before_is_in_no_group_and_what_was_not_is(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "school.db")) as database:
        database.executescript(f"{KNOWN_SCHEMAS[45][0]};{OLD}")
    people = [f"m{number}" for number in range(GROUP_OF + 1)]
    with closing(sqlite3.connect(tmp_path / "school.db")) as database, database:
        for person, handed in ((people[0], 2), (people[1], None)):
            database.execute("INSERT INTO people VALUES(?, ?, ?, NULL, NULL, 0, 0)", (person,) * 3)
            database.execute("INSERT INTO cohort_members VALUES('c', ?, 'member', 1)", (person,))
            database.execute(
                "INSERT INTO lessons (id, room, teacher, title, starts_utc_ns, source, activities, "
                "zones) VALUES(?, ?, ?, '', 1, 'button', '[]', '[]')", (person, person, person),
            )  # fmt: skip
            database.execute("INSERT INTO lesson_owners VALUES(?, ?)", (person, person))
            database.execute(
                "INSERT INTO cohort_answers VALUES('t', ?, ?, 0, 10, 'words', ?, 2)",
                (person, person, handed),
            )
    with closing(open_school(tmp_path)) as school:
        (task,) = school.cohorts.tasks("c")
        assert task.due_on == date(2026, 3, 5)
        for person in people:
            by = Actor(name=person, utc_ns=3, person=person)
            assert school.cohorts.pattern.counted("c", people[0]) == []
            if person not in people[:2]:
                school.people.add(person, person, ["teacher"], by, person_id=person)
                school.sharing.tie_name(person, person, by)
                school.lessons.put(
                    Lesson(
                        id=person, room=person, teacher=person, title="", starts_utc_ns=1,
                        ends_utc_ns=90, source="button",
                    )
                )  # fmt: skip
                school.cohorts.invite("c", person, by)
                school.cohorts.join("c", by)
            school.cohorts.save(task, person, (0, 10), "new", by, is_handed=True, place=PLACE)
        assert len(school.cohorts.pattern.counted("c", people[0])) == GROUP_OF
