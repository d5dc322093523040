"""What is taken of a roster: organisations, terms, courses, teachers, classes and who teaches them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

__all__ = [
    "KINDS",
    "Counts",
    "Kind",
    "Organisation",
    "Roster",
    "RosterClass",
    "RosterCourse",
    "RosterRecord",
    "Teacher",
    "Teaching",
    "Term",
]

Kind = Literal["orgs", "academicSessions", "courses", "users", "classes", "enrollments"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""As OneRoster calls its files, in an order in which each refers to those before it alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A school, or what schools belong to."""

    id: str
    name: str
    kind: str
    """`school`, `district` and so on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A school year, a semester, a term or a grading period."""

    id: str
    name: str
    kind: str
    starts_on: str
    """ISO 8601."""
    ends_on: str
    """The first day after it, as the standard says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterCourse:
    """What classes are taught in, such as Algebra I."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Teacher:
    """Someone with the role of a teacher."""

    id: str
    name: str
    sign_in_name: str
    """Their e-mail address, or their user name where the roster has none; in lower case."""
    orgs: tuple[str, ...]
    """Where they teach, by the organisations' ids; first their main school."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterClass:
    """A class, such as section 2 of Algebra I."""

    id: str
    name: str
    course: str
    school: str
    terms: tuple[str, ...]
    location: str
    """The room, as the roster calls it; often empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Teaching:
    """Who teaches a class."""

    id: str
    class_id: str
    teacher: str
    is_primary: bool


RosterRecord = Organisation | Term | RosterCourse | Teacher | RosterClass | Teaching


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """All of one state, by kind and id."""

    records: Mapping[Kind, Mapping[str, RosterRecord]] = field(default_factory=dict)

    def of(self, kind: Kind) -> Mapping[str, Any]:
        return self.records.get(kind, {})


@dataclass(slots=True, kw_only=True)
class Counts:
    """What of a file was not taken; no name and no id of it is kept."""

    pupils: int = 0
    """Rows of users, or of users' roles, that are a pupil's."""
    pupils_enrolments: int = 0
    others: int = 0
    """Rows of people who are neither: parents, aides, administrators."""
    others_enrolments: int = 0
    not_enabled: int = 0
    """Teachers whose account is switched off, or whose role is over or has not begun."""
