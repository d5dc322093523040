"""A made-up district of three schools as OneRoster's JSON has it: with pupils, whom nobody is to ask for."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

__all__ = ["SCHOOLS", "TERMS", "RosterTerm", "district"]

_GIVEN: Final = ("Ada", "Bo", "Chidi", "Dana", "Elif", "Femi", "Gus", "Hana", "Ines", "Jun")
_FAMILY: Final = ("Abel", "Brandt", "Cruz", "Diaz", "Ekwe", "Fuchs", "Garza", "Haas", "Ito", "Jung")
SCHOOLS: Final = ("Ash School", "Birch School", "Cedar School")
_SUBJECTS: Final = ("Mathematics", "English", "Biology", "History")
_TEACHERS: Final = (8, 8, 8)
"""In each school."""
_PUPILS: Final = 20
"""In each class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterTerm:
    """A year or a term of the schools."""

    id: str
    title: str
    kind: str
    starts_on: date
    ends_on: date


TERMS: Final = (
    RosterTerm(
        id="y26", title="2026-27", kind="schoolYear",
        starts_on=date(2026, 8, 24), ends_on=date(2027, 6, 12),
    ),
)  # fmt: skip


def district(
    seed: int = 1, *, teachers: Sequence[int] = _TEACHERS, terms: Sequence[RosterTerm] = TERMS
) -> Mapping[str, list[dict[str, Any]]]:
    """Collection → its objects, as 1.2 has them; the same seed gives the same people.

    `teachers` is how many each school has; their classes are in all `terms`.
    """
    draw = random.Random(seed)
    names = iter(draw.sample([(given, family) for given in _GIVEN for family in _FAMILY], 100))
    orgs: list[dict[str, Any]] = [
        {"sourcedId": "d1", "status": "active", "name": "Lake District", "type": "district"}
    ]
    sessions = [
        {"sourcedId": each.id, "status": "active", "title": each.title, "type": each.kind,
         "startDate": each.starts_on.isoformat(), "endDate": each.ends_on.isoformat()}
        for each in terms
    ]  # fmt: skip
    courses = [
        {"sourcedId": f"course-{i}", "status": "active", "title": title, "org": _ref("d1")}
        for i, title in enumerate(_SUBJECTS)
    ]
    users: list[dict[str, Any]] = []
    classes: list[dict[str, Any]] = []
    enrollments: list[dict[str, Any]] = []

    def enrol(user: str, role: str, school: str, class_id: str) -> None:
        enrollments.append({
            "sourcedId": f"e-{len(enrollments)}", "status": "active", "role": role,
            "primary": role == "teacher", "user": _ref(user), "class": _ref(class_id),
            "school": _ref(school),
        })  # fmt: skip

    for number, (title, count) in enumerate(zip(SCHOOLS, teachers, strict=True)):
        school = f"school-{number}"
        orgs.append({"sourcedId": school, "status": "active", "name": title, "type": "school",
                     "parent": _ref("d1")})  # fmt: skip
        for place in range(count):
            teacher = f"t-{number}-{place}"
            name = next(names, None) or _name(draw)
            users.append(_user(name, teacher, "teacher", school))
            class_id = f"c-{number}-{place}"
            classes.append({
                "sourcedId": class_id, "status": "active",
                "title": f"{_SUBJECTS[place % len(_SUBJECTS)]} ({place + 1})",
                "course": _ref(f"course-{place % len(_SUBJECTS)}"), "school": _ref(school),
                "terms": [_ref(each.id) for each in terms], "location": f"Room {place + 1}",
            })  # fmt: skip
            enrol(teacher, "teacher", school, class_id)
            for each in range(_PUPILS):
                pupil = f"p-{number}-{place}-{each}"
                users.append(_user(_name(draw), pupil, "student", school))
                enrol(pupil, "student", school, class_id)
    return {
        "orgs": orgs, "academicSessions": sessions, "courses": courses, "users": users,
        "classes": classes, "enrollments": enrollments,
    }  # fmt: skip


def _name(draw: random.Random) -> tuple[str, str]:
    return draw.choice(_GIVEN), draw.choice(_FAMILY)


def _user(name: tuple[str, str], ident: str, role: str, school: str) -> dict[str, Any]:
    """The first hundred teachers have different names."""
    return {
        "sourcedId": ident, "status": "active", "enabledUser": True, "username": ident,
        "givenName": name[0], "familyName": name[1],
        "email": f"{ident}@district.example", "phone": "555-0100",
        "roles": [{"roleType": "primary", "role": role, "org": _ref(school)}],
    }  # fmt: skip


def _ref(ident: str) -> dict[str, str]:
    return {"sourcedId": ident}
