"""Forms over cycles: each of the two sees theirs by the cycles that they see."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import date

import pytest

from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.cycle.records import CycleText
from tests.dashboard_api.conftest import START_NS
from tests.signed_in import BY, COACH, TEACHER

PATH = "/lessons/sample/forms/talk-rubric/over-time"
DAY_NS = 86_400 * SECOND_NS
LESSONS = ("before", "sample", "third", "fourth")
"""A lesson a day; the first is in no cycle."""


def at(day: float, person: str = TEACHER) -> Actor:
    return Actor(name=person, person=person, utc_ns=START_NS + round(day * DAY_NS))


def text_of(pages, path: str) -> str:
    answer = pages.get(path)
    assert answer.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def columns(pages) -> list[tuple[int, str]]:
    """The cycles above the table: how many lessons, and in which words."""
    found = re.findall(
        r'<th scope="colgroup" colspan="(\d+)"[^>]*>(.*?)</th>', pages.get(PATH).text, re.DOTALL
    )
    return [
        (int(n), " ".join(html.unescape(re.sub(r"<[^>]+>", " ", words)).split()))
        for n, words in found
    ]


@pytest.fixture
def pair(client, coach, stores, filled, clock):
    """Both filled a form in four lessons, all shared; no cycle yet."""
    for day, name in enumerate(LESSONS, start=-1):
        starts = START_NS + day * DAY_NS
        if name != "sample":
            stores.lessons.put(
                replace(filled.lesson, id=name, starts_utc_ns=starts,
                        ends_utc_ns=starts + 600 * SECOND_NS)
            )  # fmt: skip
        stores.sharing.share(name, COACH, BY, until_utc_ns=clock.utc_ns() + 9 * DAY_NS)
        for pages in (client, coach):
            page = f"/lessons/{name}/forms/talk-rubric"
            body = {"choice": "many", "revision": 0}
            assert pages.request("PUT", f"{page}/items/who-talks", json=body).status_code == 200
            assert pages.post(f"{page}/done").status_code == 303
    return client, coach


def begin(stores, focus: str, day: float, coach: str | None = COACH):
    text = CycleText(focus=focus, again_on=date(2025, 12, 9))
    return stores.sharing.cycles.write(text, coach, at(day))


def test_without_a_cycle_the_lessons_stand_as_they_are(pair):
    for pages in pair:
        assert columns(pages) == []
        assert text_of(pages, PATH).count("Many pupils") == 8


def test_the_lessons_stand_below_their_cycle(pair, stores):
    client, coach = pair
    first = begin(stores, "Calm changes", -0.5)
    stores.sharing.cycles.close(first.id, at(0.5))
    begin(stores, "More who talk", 0.6)
    assert columns(client) == [
        (1, "In no cycle"), (1, "Calm changes 17 November 2025 to 18 November 2025"),
        (2, "More who talk since 19 November 2025"),
    ]  # fmt: skip
    # A closed one is the teacher's alone.
    assert columns(coach) == [
        (2, "In no cycle that you see"), (2, "More who talk since 19 November 2025"),
    ]  # fmt: skip
    # And one that is shared with nobody is too.
    opened = stores.sharing.cycles.open_cycle(TEACHER)
    stores.sharing.cycles.change(opened.id, opened.revision, opened.text, None, at(2))
    assert columns(coach) == []
    assert "More who talk" not in coach.get(PATH).text


def test_the_lesson_that_a_cycle_looks_at_is_in_it(pair, stores):
    first = begin(stores, "Calm changes", -2)
    stores.sharing.cycles.close(first.id, at(2.5))
    later = begin(stores, "More who talk", 3)
    stores.sharing.cycles.look_at(later.id, "fourth", at(3))
    assert columns(pair[0]) == [
        (3, "Calm changes 16 November 2025 to 20 November 2025"),
        (1, "More who talk since 21 November 2025"),
    ]


def test_a_proposal_is_no_cycle_yet(pair, stores):
    stores.sharing.cycles.propose("sample", CycleText(focus="Proposed"), at(-2, COACH))
    for pages in pair:
        assert columns(pages) == []


def test_the_cycle_and_the_caseload_lead_there(pair, stores):
    client, coach = pair
    begin(stores, "Calm changes", -2)
    link = 'href="/lessons/fourth/forms/talk-rubric/over-time">Talk in the lesson</a>'
    for pages, path in ((client, "/cycle"), (coach, "/caseload")):
        assert link in pages.get(path).text
        assert "Forms over time: Talk in the lesson" in text_of(pages, path)
    # Of lessons that the coach may open now.
    stores.sharing.unshare("fourth", COACH, BY)
    assert 'href="/lessons/third/forms/talk-rubric/over-time"' in coach.get("/caseload").text
    for name in LESSONS:
        stores.sharing.unshare(name, COACH, BY)
    page = text_of(coach, "/caseload")
    assert "Calm changes" in page
    assert "Forms over time" not in page


def test_a_cycle_in_which_one_filled_nothing_has_no_forms(pair, stores):
    begin(stores, "From now on", 5)
    for pages, path in ((pair[0], "/cycle"), (pair[1], "/caseload")):
        assert "Forms over time" not in text_of(pages, path)
