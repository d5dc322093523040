"""What each role finds on the start page, and that the search finds each lesson once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from html import unescape
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.clock import SECOND_NS
from contract.wire.messages import Death
from dashboard_api.home.counts import week_count
from ingest.stores.records import Tick
from school.audit.actor import Actor
from school.lessons.origins import Origin, Reschedule
from school.lessons.records import Lesson
from school.moments.records import Verdict
from school.people.records import Role
from school.sharing.counts import HeldLesson
from tests.dashboard_api.conftest import START_NS, Pages
from tests.signed_in import BY, TEACHER, add_person, cookie

HOUR_NS = 3_600 * SECOND_NS
DAY_NS = 24 * HOUR_NS


def text_of(answer) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def lesson(name: str, starts_utc_ns: int, **other) -> Lesson:
    given = {"room": "room-1", "teacher": "T", "title": f"Title {name}", **other}
    ends = starts_utc_ns + HOUR_NS * 3 // 4
    return Lesson(
        id=name, starts_utc_ns=starts_utc_ns, ends_utc_ns=ends, source="timetable", **given
    )


@pytest.fixture
def signed_in(client, stores, clock):
    """Somebody with these roles alone, whose lessons are those of T."""

    @contextmanager
    def sign_in(*roles: Role, name: str = "somebody") -> Iterator[Pages]:
        if stores.people.person(name) is None:
            add_person(stores.people, name, *roles)
            stores.sharing.tie_name("T", name, BY)
        with client.browser(cookie(stores.people, clock.utc_ns(), name)) as pages:
            yield pages

    return sign_in


def titles(answer) -> list[str]:
    return re.findall(r'class="title"><a href="/lessons/([^"]+)"', answer.text)


# ------------------------------------------------------------------------------- a teacher


def test_a_timetable_to_next_june_leaves_the_last_lesson_on_top(signed_in, stores, clock):
    now = clock.utc_ns()
    for day in range(-40, 200):
        stores.lessons.put(lesson(f"d{day}", now + day * DAY_NS - 2 * HOUR_NS))
    stores.lessons.put(lesson("on", now - HOUR_NS // 4))
    stores.lessons.put(lesson("later", now + HOUR_NS))
    with signed_in("teacher") as pages:
        page = pages.get("/")
    folded, _, rest = page.text.partition('id="coming"')[2].partition("</details>")
    assert re.findall(r'<a href="/lessons/(\w+)"', folded) == [f"d{day}" for day in range(1, 11)]
    listed = re.findall(r'"title"><a href="/lessons/([^"]+)"', rest)
    assert listed == ["on", "d0", "later", *(f"d-{day}" for day in range(1, 21))]
    text = text_of(page)
    assert "the next one: Tomorrow" in text
    assert (
        text.index("Now") < text.index("Title on") < text.index("Today") < text.index("Yesterday")
    )
    with signed_in("teacher") as pages:
        earlier = pages.get(link(page, "Earlier lessons"))
        later = pages.get(link(page, "Later lessons"))
    assert titles(earlier) == [f"d-{day}" for day in range(21, 41)]
    assert titles(later)[-1] == "d11"
    assert len(titles(later)) == 50


@pytest.mark.parametrize("is_up", (True, False))
def test_a_teacher_reads_whether_the_next_room_is_ready(
    signed_in, stores, filled, clock, is_up: bool
):
    stream = stores.periods.newest_runs("room-204")[0]
    if not is_up:
        death = Death(node=stream.node, run=stream.run, boot=stream.boot or "", reason="lost")
        stores.periods.commit(
            Tick(received_utc_ns=clock.utc_ns(), deaths=[(stream.site, stream.room, death)])
        )
    now = clock.utc_ns()
    for name, at_ns, room in (
        ("over", now - 3 * HOUR_NS, "room-204"), ("next", now + HOUR_NS, "room-204"),
        ("elsewhere", now + 2 * HOUR_NS, "room-9"), ("tomorrow", now + DAY_NS, "room-204"),
    ):  # fmt: skip
        stores.lessons.put(lesson(name, at_ns, room=room))
    with signed_in("teacher") as pages:
        text = text_of(pages.get("/"))
    ok, check = "The room is ready for the lesson", "The room is not ready:"
    assert (text.count(ok), text.count(check)) == ((1, 0) if is_up else (0, 1))
    assert text.count("No kit has reported from this room") == 1


def link(page, words: str) -> str:
    found = re.search(rf'href="([^"]+)"[^>]*>{words}<', page.text)
    assert found is not None, words
    return unescape(found[1])


def test_a_search_begins_today_and_reaches_what_is_to_come(signed_in, stores, clock):
    now = clock.utc_ns()
    for day in (-2, 3):
        stores.lessons.put(lesson(f"d{day}", now + day * DAY_NS, title="Übung"))
    stores.lessons.put(lesson("other", now - DAY_NS))
    with signed_in("teacher") as pages:
        found = pages.get("/?q=übung")
        assert titles(found) == ["d-2"]
        assert titles(pages.get(link(found, "Later lessons"))) == ["d3"]
        assert "with “übung” in the title" in text_of(found)
        assert "No lesson of yours fits" in text_of(pages.get("/?q=none"))
        only_later = pages.get("/?q=title+soon")
        assert "Later lessons" not in text_of(only_later)


def test_a_jump_to_a_date_and_to_its_week(signed_in, stores, clock):
    monday = START_NS - DAY_NS
    for day in range(-14, 14):
        stores.lessons.put(lesson(f"d{day}", monday + day * DAY_NS))
    with signed_in("teacher") as pages:
        jumped = pages.get("/?day=2025-11-10")
        assert titles(jumped) == [f"d{day}" for day in range(-7, -15, -1)]
        assert titles(pages.get(link(jumped, "Later lessons")))[-1] == "d-6"
        week = pages.get("/?day=2025-11-13&week=1")
        assert titles(week) == [f"d{day}" for day in range(-1, -8, -1)]
        after = pages.get(link(week, "The week after"))
        assert titles(after) == [f"d{day}" for day in range(6, -1, -1)]
        this_week = pages.get("/?q=&room=&day=&week=1")  # as a form sends it
        assert titles(this_week) == titles(after)


def test_lessons_can_be_chosen_by_room(signed_in, stores, clock):
    for i in range(4):
        stores.lessons.put(lesson(f"l{i}", clock.utc_ns() - i * DAY_NS, room=f"room-{i % 2}"))
    with signed_in("teacher") as pages:
        assert "<option>room-0" in pages.get("/").text
        assert titles(pages.get("/?room=room-1")) == ["l1", "l3"]
        assert titles(pages.get("/?room=room-2")) == []


@pytest.mark.parametrize("is_shared_with", (False, True))
def test_who_has_hidden_all_lessons_is_not_told_that_there_is_none(
    client, signed_in, stores, filled, clock, is_shared_with
):
    now = clock.utc_ns()
    with signed_in("teacher") as pages:
        assert "No lesson yet" in text_of(pages.get("/"))
        if is_shared_with:
            stores.sharing.share("sample", "somebody", BY, until_utc_ns=now + DAY_NS)
            assert "No lesson is yours yet" in text_of(pages.get("/"))
        for words, name in (("your only lesson", "one"), ("all your 2 lessons", "two")):
            stores.lessons.put(lesson(name, now - DAY_NS))
            stores.sharing.teacher.hide(name, BY)
            page = pages.get("/")
            assert f"You have hidden {words}: see Hidden lessons" in text_of(page)
            assert titles(page) == (["sample"] if is_shared_with else [])
            for wrong in ("No lesson yet", "No lesson is yours", "have had no lesson"):
                assert wrong not in text_of(page)
        stores.lessons.put(lesson("coming", now + 2 * DAY_NS))
        assert "You have hidden each lesson that you have had" in text_of(pages.get("/"))
        stores.sharing.teacher.unhide("two", BY)
        assert "You have hidden" not in text_of(pages.get("/"))


def test_a_hidden_lesson_that_is_to_come_is_none_that_one_has_had(signed_in, stores, clock):
    for name in ("coming", "hidden"):
        stores.lessons.put(lesson(name, clock.utc_ns() + 2 * DAY_NS))
    stores.sharing.teacher.hide("hidden", BY)
    with signed_in("teacher") as pages:
        assert "You have had no lesson yet." in text_of(pages.get("/"))


def test_an_offer_a_notice_and_a_reminder_stand_together_above_the_list(signed_in, stores, clock):
    now = clock.utc_ns()
    add_person(stores.people, "colleague", "teacher")
    stores.sharing.tie_name("Other", "colleague", BY)
    others = ("offered", now - 2 * DAY_NS), ("gone", now - 3 * DAY_NS)
    for name, starts in others:
        stores.lessons.put(lesson(name, starts, teacher="Other"))
    stores.lessons.put(lesson("waits", now - 5 * DAY_NS))
    with signed_in("teacher") as pages:
        by = Actor(name="Colleague", utc_ns=now, person="colleague")
        stores.sharing.handovers.offer("offered", "somebody", by)
        stores.sharing.share("gone", "somebody", by, until_utc_ns=now + DAY_NS)
        stores.sharing.teacher.ask_to_delete(stores.lessons.get("gone"), by)
        page = pages.get("/")
        text = text_of(page)
        parts = (
            "colleague says that you taught Title offered on",
            "Colleague deleted the lesson of 15 November 2025",
            "A lesson waits for a look. Nothing is shared until you share it.",
            "Title waits, taught on 13 November 2025",
            "Find a lesson",
        )
        assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)
        assert titles(page) == ["waits"]
        # Each goes by itself, and leaves the others.
        (notice,) = stores.sharing.teacher.notices("somebody")
        assert pages.post(f"/notices/{notice.id}/read").status_code == 303
        left = text_of(pages.get("/"))
        assert [part in left for part in parts] == [True, False, True, True, True]
        assert pages.post("/offers/offered/accept").status_code == 303
        left = pages.get("/")
        assert [part in text_of(left) for part in parts] == [False, False, True, True, True]
        assert titles(left) == ["offered", "waits"]
        pages.get("/lessons/waits")
        left = text_of(pages.get("/"))
        assert [part in left for part in parts] == [False, False, False, False, True]


# --------------------------------------------------------------------------------- a coach


def test_a_coach_sees_what_is_shared_until_when_and_what_waits(coach, stores, filled):
    page = text_of(coach.get("/"))
    assert "Shared with you until the end of 19 November 2025" in page
    suggested = [
        each for each in coach.get("/api/lessons/sample/moments").json()
        if each["kind"] == "suggested"
    ]  # fmt: skip
    assert len(suggested) > 1
    assert f"{len(suggested)} suggested moments wait for your answer" in page
    for each in suggested:
        path = f"/api/lessons/sample/moments/{each['id']}/verdict"
        assert coach.request("PUT", path, json={"verdict": "confirmed"}).status_code < 300
    answered = text_of(coach.get("/"))
    assert "Fractions" in answered
    assert "for your answer" not in answered


def test_the_teachers_answer_is_not_the_coachs(coach, stores, filled):
    before = re.search(r"(\d+) suggested moments wait", text_of(coach.get("/")))
    first = coach.get("/api/lessons/sample/moments").json()
    suggested = next(each for each in first if each["kind"] == "suggested")
    stores.lessons.put_verdict(
        Verdict(
            lesson="sample", moment=suggested["id"], by=TEACHER, role="teacher",
            is_confirmed=True, kind="calm" if suggested["is_strength"] else "lively", zone=suggested["zone"],
            start_s=suggested["start_s"], end_s=suggested["end_s"],
        )
    )  # fmt: skip
    assert before is not None
    assert before[0] in text_of(coach.get("/"))


def test_with_both_roles_both_parts_have_headings(client, filled, stores, clock, signed_in):
    stores.lessons.put(lesson("mine", clock.utc_ns() - DAY_NS))
    with signed_in("teacher", "coach") as pages:
        share = {"until_utc_ns": clock.utc_ns() + DAY_NS}
        stores.sharing.share(filled.lesson.id, "somebody", BY, **share)
        page = pages.get("/")
        assert re.findall(r"<h2[^>]*>([^<]+)</h2>", page.text) == [
            "New for you",
            "Your own lessons",
            "Shared with you",
        ]
        text = text_of(page).partition("Your own lessons")[2]
        assert text.index("Title mine") < text.index("Shared with you") < text.index("Fractions")
        assert titles(pages.get("/?of=own")) == ["mine"]
        assert titles(pages.get("/?of=shared")) == [filled.lesson.id]
        assert titles(pages.get("/?teacher=Ms+Ortega")) == [filled.lesson.id]


def test_a_coach_with_whom_nothing_is_shared(signed_in):
    with signed_in("coach", name="new") as pages:
        assert "Nothing is shared with you now" in text_of(pages.get("/"))


# --------------------------------------------------------------- technicians, administrators


@pytest.mark.parametrize("role", ("technician", "administrator", "privacy_officer"))
def test_who_sees_no_lesson_finds_none_on_their_home(client, filled, signed_in, role):
    with signed_in(role, name=f"only-{role}") as pages:
        for path in ("/", "/?q=a", "/?week=1"):
            text = text_of(pages.get(path))
            assert ("Rooms" in text) is (role != "privacy_officer")
            assert ("Your school in numbers" in text) is (role != "technician")
            for word in ("Fractions", "Ms Ortega", "movement", "No lesson yet"):
                assert word not in text


def test_counts_need_five_teachers():
    def held(teachers: int) -> list[HeldLesson]:
        return [
            HeldLesson(
                id=f"l{i}", room="r", starts_utc_ns=0, ends_utc_ns=1, teacher=f"t{i % teachers}",
                is_shared=i < 3,
            )
            for i in range(10)
        ]  # fmt: skip

    monday = date(2025, 11, 17)
    sensed = {f"l{i}": 3_600.0 for i in range(10)}
    counted = week_count(monday, held(5), sensed)
    assert (counted.captured, counted.shared, counted.hours_sensed) == (10, 3, 10)
    assert week_count(monday, held(4), sensed).captured is None
    # Five teachers by the timetable, but only four of whom anything was sensed.
    assert week_count(monday, held(5), dict.fromkeys(("l0", "l1", "l2", "l3"), 9.0)).shared is None
    nobody = [replace(each, teacher="") for each in held(5)[:1]]
    assert week_count(monday, [*held(5)[1:5], *nobody], sensed).captured is None


def test_a_week_is_counted_when_it_is_over(client, filled, clock):
    shown = client.get("/api/counts").json()
    assert shown["weeks"][0]["monday"] == "2025-11-10"
    assert all(week["captured"] is None for week in shown["weeks"])
    assert shown["kits"] >= 1
    assert "fewer than five teachers" in text_of(client.get("/"))


# ------------------------------------------------------------------------------- the search

ADDRESS = st.fixed_dictionaries(
    {},
    optional={
        "q": st.sampled_from(("a", "Title", "%")),
        "room": st.sampled_from(("room-0", "room-1")),
        "day": st.sampled_from(("2025-11-17", "2025-11-18", "2026-01-01")),
        "of": st.just("own"),
    },
)


@pytest.fixture
def many(stores, clock) -> SimpleNamespace:
    """More lessons than two pages hold, many at the same time."""
    made = [
        lesson(f"l{i:03}", START_NS + (i // 7 - 10) * HOUR_NS, room=f"room-{i % 2}",
               title=f"Title {'ab'[i % 2]}")
        for i in range(160)
    ]  # fmt: skip
    stores.lessons.reschedule(
        lambda *_: Reschedule(put=tuple((each, origin_of(each)) for each in made))
    )
    return SimpleNamespace(made=made)


def origin_of(each: Lesson) -> Origin:
    return Origin(source="plan", event=each.id, occurrence="")


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(asked=ADDRESS)
def test_pages_of_any_search_show_each_lesson_once_and_in_order(signed_in, many, asked):
    expected = [
        each.id
        for each in sorted(many.made, key=lambda each: (-each.starts_utc_ns, each.id))
        if asked.get("q", "") in each.title and asked.get("room", each.room) == each.room
    ]
    with signed_in("teacher") as pages:
        page = pages.get(f"/?{urlencode(asked | {'of': 'own'})}")
        shown = titles(page)
        begun = list(shown)
        while ">Earlier lessons<" in page.text:
            page = pages.get(link(page, "Earlier lessons"))
            shown += titles(page)
        back = titles(page)
        while ">Later lessons<" in page.text:
            page = pages.get(link(page, "Later lessons"))
            assert titles(page)
            back = [*titles(page), *back]
        listed = []
        while True:
            place = f"{listed[-1]['place']}" if listed else ""
            more = pages.get(f"/api/lessons?{urlencode(asked | {'after': place})}").json()
            listed += [dict(each, place=place_of(many, each["id"])) for each in more]
            if not more:
                break
    assert back == expected
    assert shown == expected[len(expected) - len(shown) :]
    assert begun == shown[:50]
    on_the_day = [each["id"] for each in listed]
    assert on_the_day == (expected[len(expected) - len(on_the_day) :] if on_the_day else [])


def place_of(many, name: str) -> str:
    return next(f"{each.starts_utc_ns}.{name}" for each in many.made if each.id == name)
