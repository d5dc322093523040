"""A lesson goes from one teacher to another: taken over at its start, later only if both agree."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.app import create_app
from school.lessons.records import Lesson
from school.people.records import ROLES
from tests.dashboard_api.conftest import START_NS, Pages
from tests.signed_in import BY, add_person, cookie

MINUTE_NS = 60 * SECOND_NS


@pytest.fixture
def school(stores):
    for person in ("absent", "cover", "other"):
        add_person(stores.people, person, "teacher")
    stores.sharing.tie_name("Mx Absent", "absent", BY)
    stores.lessons.put(
        Lesson(
            id="l", room="r", teacher="Mx Absent", title="Secret", starts_utc_ns=START_NS,
            ends_utc_ns=START_NS + 45 * MINUTE_NS, source="timetable",
        )
    )  # fmt: skip
    return stores


@pytest.fixture
def pages(school) -> Iterator[Pages]:
    clock = ManualClock(now_ns=0, utc_at_boot_ns=START_NS)
    with Pages(create_app(lambda: school, clock=clock)) as made:
        yield made


def at(pages: Pages, school, person: str, minute: float):
    """A browser of a person at a minute of the lesson."""
    clock = pages.app.state.store_thread.clock
    clock.utc_at_boot_ns = START_NS + round(minute * MINUTE_NS)
    return pages.browser(cookie(school.people, clock.utc_ns(), person))


def actions(school) -> list[str]:
    return [entry.action for entry in school.audit.of_lesson("l", 50) if entry.action != "saw"]


@pytest.mark.parametrize("minute", (-15, 0, 44.9))
def test_a_cover_teacher_takes_it_over_and_the_absent_one_never_sees_it(
    pages, school, minute
) -> None:
    with at(pages, school, "cover", minute) as cover:
        assert "I teach this lesson" in cover.get("/cover").text
        assert cover.get("/lessons/l").status_code == 404
        assert cover.post("/lessons/l/take-over").status_code == 303
        assert cover.get("/lessons/l").status_code == 200
        assert cover.get("/rooms/r/live").status_code == 200
        assert "Secret" not in cover.get("/cover").text
    with at(pages, school, "absent", minute) as absent:
        for path in ("/lessons/l", "/lessons/l/sharing", "/api/lessons/l/timeline"):
            assert absent.get(path).status_code == 404
        assert absent.get("/api/lessons").json() == []
        assert minute < 0 or absent.get("/rooms/r/live").status_code == 404
    assert actions(school) == ["took_over"]


@pytest.mark.parametrize("minute", (-15.1, 45, 60))
def test_before_and_after_that_nobody_takes_it_over(pages, school, minute) -> None:
    with at(pages, school, "cover", minute) as cover:
        assert "Secret" not in cover.get("/cover").text
        answer = cover.post("/lessons/l/take-over")
        assert (answer.status_code, answer.text) == (404, cover.post("/lessons/x/take-over").text)
    assert actions(school) == []


def test_nobody_takes_over_what_is_shared(pages, school) -> None:
    add_person(school.people, "c", "coach")
    school.sharing.share("l", "c", BY, until_utc_ns=START_NS + 900 * MINUTE_NS)
    with at(pages, school, "cover", 1) as cover:
        assert cover.post("/lessons/l/take-over").status_code == 404


def test_once_taken_the_next_one_may_take_it_too_and_an_own_one_not(pages, school) -> None:
    with at(pages, school, "absent", 1) as absent:
        assert absent.post("/lessons/l/take-over").status_code == 404
    with at(pages, school, "cover", 1) as cover:
        assert cover.post("/lessons/l/take-over").status_code == 303
        assert cover.post("/lessons/l/take-over").status_code == 404


@pytest.fixture
def two_clocks(school) -> Iterator[tuple[Pages, ManualClock, ManualClock]]:
    """Pages on which lessons and people have clocks of their own, as in a simulation."""
    clock = ManualClock(now_ns=0, utc_at_boot_ns=START_NS)
    people_clock = ManualClock(now_ns=0, utc_at_boot_ns=START_NS)
    app = create_app(lambda: school, clock=clock, people_clock=people_clock)
    with Pages(app) as made:
        yield made, clock, people_clock


@pytest.mark.parametrize("apart_days", (-400, -1, 1, 400))
def test_whether_it_is_on_goes_by_the_lessons_clock(two_clocks, school, apart_days) -> None:
    """And who did it when, by the clock of people."""
    pages, clock, people_clock = two_clocks
    people_clock.utc_at_boot_ns += apart_days * 1_440 * MINUTE_NS
    clock.utc_at_boot_ns += 10 * MINUTE_NS
    # Over already by the lessons' clock: it holds nobody back.
    school.sharing.share("l", "other", BY, until_utc_ns=START_NS + 9 * MINUTE_NS)
    with pages.browser(cookie(school.people, people_clock.utc_ns(), "cover")) as cover:
        assert "Secret" in cover.get("/cover").text
        assert cover.post("/lessons/l/take-over").status_code == 303
        assert cover.get("/lessons/l").status_code == 200
    (entry,) = [one for one in school.audit.of_lesson("l", 9) if one.action == "took_over"]
    assert entry.at_utc_ns == people_clock.utc_ns()


@pytest.mark.parametrize("minute", (-16, 45, 2_000))
def test_the_clock_of_people_opens_no_lesson(two_clocks, school, minute) -> None:
    pages, clock, people_clock = two_clocks
    people_clock.utc_at_boot_ns += 10 * MINUTE_NS  # in the middle of the lesson
    clock.utc_at_boot_ns += minute * MINUTE_NS
    with pages.browser(cookie(school.people, people_clock.utc_ns(), "cover")) as cover:
        assert "Secret" not in cover.get("/cover").text
        assert cover.post("/lessons/l/take-over").status_code == 404
    assert actions(school) == []


def test_a_share_that_runs_by_the_lessons_clock_keeps_others_off(two_clocks, school) -> None:
    pages, clock, people_clock = two_clocks
    clock.utc_at_boot_ns += 10 * MINUTE_NS
    people_clock.utc_at_boot_ns += 400 * 1_440 * MINUTE_NS
    school.sharing.share("l", "other", BY, until_utc_ns=START_NS + 11 * MINUTE_NS)
    with pages.browser(cookie(school.people, people_clock.utc_ns(), "cover")) as cover:
        assert "Secret" not in cover.get("/cover").text
        assert cover.post("/lessons/l/take-over").status_code == 404


def test_the_log_has_the_days_of_a_share_whatever_the_other_clock_says(two_clocks, school) -> None:
    pages, _, people_clock = two_clocks
    people_clock.utc_at_boot_ns += 400 * 1_440 * MINUTE_NS
    with pages.browser(cookie(school.people, people_clock.utc_ns(), "absent")) as absent:
        form = {"person": "other", "until": "2025-11-20"}
        assert absent.post("/lessons/l/sharing", data=form).status_code == 303
    assert "for 2 days" in school.audit.of_lesson("l", 1)[0].sentence


@pytest.mark.parametrize("role", [role for role in ROLES if role != "teacher"])
def test_only_a_teacher_takes_a_lesson_over(pages, school, role) -> None:
    add_person(school.people, role, role)
    with at(pages, school, role, 1) as browser:
        assert browser.post("/lessons/l/take-over").status_code == 404
        assert browser.get("/cover").status_code == 404


def test_the_choice_about_answers_stays_with_whose_name_it_is(pages, school) -> None:
    school.lessons.keep_labels("Mx Absent")
    with at(pages, school, "cover", 1) as cover:
        cover.post("/lessons/l/take-over")
        assert cover.get("/api/lessons/l/answers").json()["is_kept"] is False
        answer = cover.request("PUT", "/api/lessons/l/answers", json={"is_kept": False})
        assert answer.status_code == 409
    assert school.lessons.keeps_labels("Mx Absent")


def test_later_both_must_agree(pages, school) -> None:
    add_person(school.people, "c", "coach")
    school.sharing.share("l", "c", BY, until_utc_ns=START_NS + 9_000 * MINUTE_NS)
    with (
        at(pages, school, "absent", 100) as owner,
        at(pages, school, "cover", 100) as heir,
        at(pages, school, "other", 100) as other,
    ):
        assert heir.post("/offers/l/accept").status_code == 404
        assert owner.post("/lessons/l/offer", data={"person": "c"}).status_code == 422
        assert owner.post("/lessons/l/offer", data={"person": "cover"}).status_code == 303
        assert heir.get("/lessons/l").status_code == 404
        assert owner.get("/lessons/l").status_code == 200
        assert "absent says that you taught Secret" in heir.get("/").text
        assert "Secret" not in other.get("/").text
        assert other.post("/offers/l/accept").status_code == 404
        assert other.post("/offers/l/decline").status_code == 404
        # Either may end it.
        assert heir.post("/offers/l/decline").status_code == 303
        assert heir.post("/offers/l/accept").status_code == 404
        owner.post("/lessons/l/offer", data={"person": "cover"})
        assert "You offer this lesson to cover" in owner.get("/lessons/l/sharing").text
        owner.post("/lessons/l/offer/end")
        assert heir.post("/offers/l/accept").status_code == 404
        owner.post("/lessons/l/offer", data={"person": "cover"})
        assert heir.post("/offers/l/accept").status_code == 303
        assert heir.get("/lessons/l").status_code == 200
        assert owner.get("/lessons/l").status_code == 404
    assert school.sharing.shares("l", 0) == []
    assert "handed_over" in actions(school)


def test_who_is_no_teacher_any_more_accepts_nothing(pages, school) -> None:
    school.sharing.handovers.offer("l", "cover", BY)
    school.people.set_roles("cover", ["coach"], BY)
    with at(pages, school, "cover", 100) as heir:
        assert heir.post("/offers/l/accept").status_code == 404
