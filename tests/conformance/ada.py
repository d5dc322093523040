"""Ada, a teacher, her lesson, and Kim, a coach."""

from __future__ import annotations

from school.audit.actor import Actor
from school.lessons.records import Lesson

LESSON = Lesson(
    id="maths", room="room-a", teacher="Ms Okafor", title="Fractions", starts_utc_ns=1_000,
    ends_utc_ns=2_000, source="timetable",
)  # fmt: skip
BY = Actor(name="a test", utc_ns=0)
ADA = Actor(name="ada", utc_ns=5, person="ada")
KIM = Actor(name="kim", utc_ns=6, person="kim")
