"""How many lessons somebody of another school may have of one teacher, in each database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.errors import UsageError
from school import School
from school.rooms.records import Site
from school.sharing.giving import MAX_FOR_GUESTS
from tests.conformance.ada import BY, LESSON

NAMES = [f"l-{number}" for number in range(MAX_FOR_GUESTS + 2)]
NOW_NS = 5_000


@pytest.fixture
def district(pair: tuple[School, School]) -> School:
    """Ada's lessons, Ada and Lee at one school, Kim at another, Bo at none."""
    one, _ = pair
    for name in ("ash", "birch"):
        one.rooms.add_site(Site(name=name), BY)
    for name in ("lee", "bo"):
        one.people.add(name, name, ["coach"], BY, person_id=name)
    one.programme.put_people({"ada": "ash", "lee": "ash", "kim": "birch"}, BY)
    for number, name in enumerate(NAMES):
        starts = 10_000 * (number + 1)
        one.lessons.put(replace(LESSON, id=name, starts_utc_ns=starts, ends_utc_ns=starts + 1_000))
    return one


def share(school: School, lesson: str, person: str, until_utc_ns: int = 9_000) -> None:
    school.sharing.share(lesson, person, BY, until_utc_ns=until_utc_ns, utc_ns=NOW_NS)


def shared(school: School, person: str) -> set[str]:
    return set(school.sharing.shared_until(person, NOW_NS, NAMES))


@pytest.mark.parametrize("guest", ("kim", "bo"))
def test_nobody_of_elsewhere_can_be_given_all_lessons_at_once(district: School, guest: str) -> None:
    for name in NAMES[:MAX_FOR_GUESTS]:
        share(district, name, guest)
    for name in NAMES[MAX_FOR_GUESTS:]:
        with pytest.raises(UsageError, match=f"{guest} is not of your school and sees 5 of your"):
            share(district, name, guest)
    assert shared(district, guest) == set(NAMES[:MAX_FOR_GUESTS])


def test_one_that_ends_makes_room_for_another(district: School) -> None:
    for name in NAMES[:MAX_FOR_GUESTS]:
        share(district, name, "kim", NOW_NS if name == NAMES[0] else 9_000)
    share(district, NAMES[-1], "kim")
    with pytest.raises(UsageError):
        share(district, NAMES[0], "kim")
    share(district, NAMES[1], "kim", 9_999)
    assert district.sharing.shared_until("kim", NOW_NS, NAMES)[NAMES[1]] == 9_999
    district.sharing.unshare(NAMES[1], "kim", BY)
    share(district, NAMES[0], "kim")
    assert shared(district, "kim") == {*NAMES[2:MAX_FOR_GUESTS], NAMES[0], NAMES[-1]}


def test_lessons_of_another_teacher_are_counted_apart(district: School) -> None:
    for name in NAMES[:MAX_FOR_GUESTS]:
        share(district, name, "kim")
    district.sharing.tie_name("Mx Lee", "lee", BY)
    district.lessons.put(replace(LESSON, id="of-lee", teacher="Mx Lee", starts_utc_ns=99_000,
                                 ends_utc_ns=99_900))  # fmt: skip
    share(district, "of-lee", "kim")
    assert district.sharing.reach("of-lee", "kim", NOW_NS) == "shared"


def test_people_of_the_school_and_schools_that_nobody_named_have_no_limit(district: School) -> None:
    for name in NAMES:
        share(district, name, "lee")
    assert shared(district, "lee") == set(NAMES)
    district.programme.put_people({"ada": ""}, BY)
    for name in NAMES:
        share(district, name, "kim")
    assert shared(district, "kim") == set(NAMES)
