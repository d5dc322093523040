"""Somebody of another school sees the one lesson that its teacher shares, and not more than a few."""

from __future__ import annotations

from dataclasses import replace

import pytest

from school.rooms.records import Site
from school.sharing.giving import MAX_FOR_GUESTS
from tests.signed_in import BY, TEACHER, add_person, cookie

HOUR_NS = 3_600 * 10**9


@pytest.fixture
def expert(client, filled, stores, clock):
    """A teacher of another school."""
    for name in ("north", "south"):
        stores.rooms.add_site(Site(name=name, title=name.title()), BY)
    add_person(stores.people, "expert", "teacher")
    stores.programme.put_people({TEACHER: "north", "expert": "south"}, BY)
    with client.browser(cookie(stores.people, clock.utc_ns(), "expert")) as pages:
        yield pages


def more_lessons(stores, lesson, n: int) -> list[str]:
    names = [f"more-{number}" for number in range(n)]
    for number, name in enumerate(names):
        starts = lesson.starts_utc_ns - (number + 2) * HOUR_NS
        stores.lessons.put(
            replace(lesson, id=name, starts_utc_ns=starts, ends_utc_ns=starts + HOUR_NS // 2)
        )
    return names


def invite(client, lesson: str):
    given = {"person": "expert", "until": "2025-11-20"}
    return client.post(f"/lessons/{lesson}/sharing", data=given)


def test_a_guest_sees_one_lesson_alone_and_until_its_date(client, expert, filled, stores, clock):
    (other,) = more_lessons(stores, filled.lesson, 1)
    assert expert.get(f"/lessons/{filled.lesson.id}").status_code == 404
    assert invite(client, filled.lesson.id).status_code == 303
    assert expert.get(f"/lessons/{filled.lesson.id}").status_code == 200
    listed = expert.get("/api/lessons").json()
    assert [each["id"] for each in listed] == [filled.lesson.id]
    for path in (f"/lessons/{other}", f"/api/lessons/{other}/timeline", f"/lessons/{other}/sharing",
                 f"/lessons/{filled.lesson.id}/sharing"):  # fmt: skip
        assert expert.get(path).status_code == 404, path
    clock.advance(4 * 86_400)
    expert._client.cookies.update(cookie(stores.people, clock.utc_ns(), "expert"))
    assert expert.get(f"/lessons/{filled.lesson.id}").status_code == 404


def test_one_more_than_guests_may_have_is_a_sentence(client, expert, filled, stores):
    names = more_lessons(stores, filled.lesson, MAX_FOR_GUESTS)
    for name in names:
        assert invite(client, name).status_code == 303
    refused = invite(client, filled.lesson.id)
    assert refused.status_code == 422
    assert "expert is not of your school and sees 5 of your lessons already" in refused.text
    assert expert.get(f"/lessons/{filled.lesson.id}").status_code == 404
