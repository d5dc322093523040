"""People in a school's database for tests, and sessions of theirs."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import closing
from functools import cache
from pathlib import Path

from playwright.sync_api import StorageState

from dashboard_api.web.access import COOKIE
from school import School, open_school
from school.audit.actor import Actor
from school.people.records import ROLES, Role
from school.people.store import PeopleStore

COOKIE_NAME = COOKIE
TEACHER = "the-teacher"
TEACHER_NAMES = ("Ms Ortega", "Ada", "t")
"""Lessons under these names are the teacher's."""
COACH = "the-coach"
BY = Actor(name="a test", utc_ns=0)
FACTOR = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@cache
def _empty_school() -> Path:
    """Made once: migrations take longer than most tests."""
    folder = Path(tempfile.mkdtemp(prefix="roomtone-school-"))
    open_school(folder).close()
    return folder / "school.db"


def open_test_school(directory: Path) -> School:
    """A school with one person, who has every role and teaches the sample lesson."""
    directory.mkdir(parents=True, exist_ok=True)
    shutil.copy(_empty_school(), directory / "school.db")
    school = open_school(directory)
    add_person(school.people, TEACHER, *ROLES)
    for name in TEACHER_NAMES:
        school.sharing.tie_name(name, TEACHER, BY)
    return school


def add_person(people: PeopleStore, name: str, *roles: Role) -> None:
    """Someone whose id, name and sign-in name are the same, with a second factor."""
    people.add(name, name, roles, BY, person_id=name)
    people.set_second_factor(name, FACTOR, BY)


def cookie(people: PeopleStore, utc_ns: int, person: str = TEACHER) -> dict[str, str]:
    """The cookies of a browser in which a person has just signed in."""
    return {COOKIE: people.start_session(person, "a test", utc_ns)}


def cookie_of_all(directory: Path, utc_ns: int | None = None) -> dict[str, str]:
    """Make every lesson of a data directory the teacher's, and sign them in."""
    now = time.time_ns() if utc_ns is None else utc_ns
    with closing(open_school(directory)) as school:
        if school.people.person(TEACHER) is None:
            add_person(school.people, TEACHER, *ROLES)
        for name in school.sharing.untied_names():
            school.sharing.tie_name(name, TEACHER, BY)
        return cookie(school.people, now)


def header(cookies: dict[str, str]) -> dict[str, str]:
    """The same as a header of a request."""
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}


def storage_of(cookies: dict[str, str]) -> StorageState:
    """The same for a browser's context."""
    return {
        "cookies": [
            {"name": name, "value": value, "domain": "127.0.0.1", "path": "/", "expires": -1,
             "httpOnly": True, "secure": False, "sameSite": "Lax"}
            for name, value in cookies.items()
        ],
        "origins": [],
    }  # fmt: skip
