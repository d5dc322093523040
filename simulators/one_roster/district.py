"""A made-up district of three schools as OneRoster's JSON has it: with pupils, whom nobody is to ask for."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["district"]

_GIVEN: Final = ("Ada", "Bo", "Chidi", "Dana", "Elif", "Femi", "Gus", "Hana", "Ines", "Jun")
_FAMILY: Final = ("Abel", "Brandt", "Cruz", "Diaz", "Ekwe", "Fuchs", "Garza", "Haas", "Ito", "Jung")
_SCHOOLS: Final = ("Ash School", "Birch School", "Cedar School")
_SUBJECTS: Final = ("Mathematics", "English", "Biology", "History")
_TEACHERS: Final = 8
"""In each school."""
_PUPILS: Final = 20
"""In each class."""


def district(seed: int = 1) -> Mapping[str, list[dict[str, Any]]]:
    """Collection → its objects, as 1.2 has them; the same seed gives the same people."""
    draw = random.Random(seed)
    orgs: list[dict[str, Any]] = [
        {"sourcedId": "d1", "status": "active", "name": "Lake District", "type": "district"}
    ]
    sessions = [
        {"sourcedId": "y26", "status": "active", "title": "2026-27", "type": "schoolYear",
         "startDate": "2026-08-24", "endDate": "2027-06-12"},
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

    for number, title in enumerate(_SCHOOLS):
        school = f"school-{number}"
        orgs.append({"sourcedId": school, "status": "active", "name": title, "type": "school",
                     "parent": _ref("d1")})  # fmt: skip
        for place in range(_TEACHERS):
            teacher = f"t-{number}-{place}"
            users.append(_user(draw, teacher, "teacher", school))
            class_id = f"c-{number}-{place}"
            classes.append({
                "sourcedId": class_id, "status": "active",
                "title": f"{_SUBJECTS[place % len(_SUBJECTS)]} ({place + 1})",
                "course": _ref(f"course-{place % len(_SUBJECTS)}"), "school": _ref(school),
                "terms": [_ref("y26")], "location": f"Room {place + 1}",
            })  # fmt: skip
            enrol(teacher, "teacher", school, class_id)
            for each in range(_PUPILS):
                pupil = f"p-{number}-{place}-{each}"
                users.append(_user(draw, pupil, "student", school))
                enrol(pupil, "student", school, class_id)
    return {
        "orgs": orgs, "academicSessions": sessions, "courses": courses, "users": users,
        "classes": classes, "enrollments": enrollments,
    }  # fmt: skip


def _user(draw: random.Random, ident: str, role: str, school: str) -> dict[str, Any]:
    return {
        "sourcedId": ident, "status": "active", "enabledUser": True, "username": ident,
        "givenName": draw.choice(_GIVEN), "familyName": draw.choice(_FAMILY),
        "email": f"{ident}@district.example", "phone": "555-0100",
        "roles": [{"roleType": "primary", "role": role, "org": _ref(school)}],
    }  # fmt: skip


def _ref(ident: str) -> dict[str, str]:
    return {"sourcedId": ident}
