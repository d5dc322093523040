"""A teacher's reflection over HTTP: theirs alone, saved by revision, and what stands on its page."""

from __future__ import annotations

import html

import pytest

from contract.clock import SECOND_NS
from school.debrief.records import StepText
from school.debrief.reflection_store import Reflection
from school.moments.records import Verdict
from tests.dashboard_api.conftest import START_NS
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie

PAGE = "/lessons/sample/reflection"
DAY_NS = 86_400 * SECOND_NS
ADA = type(BY)(name=TEACHER, utc_ns=START_NS, person=TEACHER)


def save(pages, revision: int, **answers):
    return pages.request("PUT", PAGE, json={"revision": revision, **answers})


def kept(stores) -> Reflection:
    return stores.sharing.reflections.of("sample", TEACHER)


def test_it_is_saved_as_typed_and_two_windows_lose_nothing(client, stores, filled):
    assert save(client, 0, keep="The quiet start\nand the cards").json() == {"revision": 1}
    assert (
        save(client, 1, keep="The quiet start\nand the cards", watch="Cards").json()["revision"]
        == 2
    )
    late = save(client, 1, keep="From another window")
    assert late.status_code == 409
    assert late.json()["now"]["watch"] == "Cards"
    assert kept(stores).keep == "The quiet start\nand the cards"
    assert save(client, 2, keep="Both").json() == {"revision": 3}
    assert save(client, 1, keep="Both").json() == {"revision": 3}  # the same words are no conflict
    assert (kept(stores).keep, kept(stores).watch) == ("Both", "")


def test_without_scripts_both_texts_come_back(client, stores, filled):
    form = {"keep": "one\r\ntwo", "surprise": "", "watch": "", "revision": "0"}
    assert client.post(PAGE, data=form).headers["location"] == PAGE
    assert kept(stores).keep == "one\ntwo"
    late = client.post(PAGE, data={**form, "keep": "mine"})
    assert late.status_code == 409
    page = html.unescape(late.text)
    assert ">mine</textarea>" in page
    assert "In your other window:" in page
    assert "one\ntwo" in page
    assert client.post(f"{PAGE}/remove").status_code == 303
    assert kept(stores) == Reflection()


@pytest.mark.parametrize(
    "body",
    ({"keep": "x" * 1_501, "revision": 0}, {"revision": -1}, {}, {"score": 5, "revision": 0}),
)
def test_what_no_page_sends_is_refused(client, stores, filled, body):
    assert client.request("PUT", PAGE, json=body).status_code == 422
    assert kept(stores) == Reflection()


def test_nobody_else_ever_sees_it(client, coach, stores, filled):
    save(client, 0, keep="A secret thought")
    assert save(coach, 0, keep="mine").status_code == 404
    assert coach.post(PAGE, data={"revision": "0"}).status_code == 404
    assert coach.post(f"{PAGE}/remove").status_code == 404
    assert coach.get(PAGE).status_code == 404
    everything = "".join(
        coach.get(path).text
        for path in ("/lessons/sample", "/lessons/sample/step", "/lessons/sample/guess", "/",
                     "/api/lessons/sample/moments")
    )  # fmt: skip
    assert "secret" not in everything
    # Not either who gets the lesson.
    stores.sharing.unshare("sample", COACH, BY)
    add_person(stores.people, "new", "teacher")
    by = type(BY)(name="new", utc_ns=START_NS, person="new")
    assert stores.sharing.handovers.take_over("sample", by, START_NS, DAY_NS)
    with client.browser(cookie(stores.people, START_NS + 3_600 * SECOND_NS, "new")) as new:
        assert "secret" not in new.get(PAGE).text
    assert client.get(PAGE).status_code == 404


def test_it_goes_with_the_lesson(client, stores, filled):
    save(client, 0, keep="A thought")
    stores.lessons.purge(lessons=["sample"])
    stores.lessons.put(filled.lesson)
    assert kept(stores) == Reflection()


def test_what_the_teacher_saw_stands_on_it(client, coach, stores, filled):
    page = html.unescape(client.get(PAGE).text)
    assert "Handing out the cards." in page  # their own note
    assert "The second table had none left." in page
    assert "They were ready quickly today" not in page  # the coach's
    assert "worth talking about" not in page
    assert "None yet." in page
    client.request(
        "PUT", "/api/lessons/sample/moments/sample-alert-1/verdict", json={"verdict": "confirmed"}
    )
    coach.request(
        "PUT", "/api/lessons/sample/moments/sample-alert-0/verdict", json={"verdict": "confirmed"}
    )
    stores.sharing.steps.write("sample", StepText(what="Cards before the bell"), ADA)
    client.post(
        "/lessons/sample/guess", data={"start": "11:00", "end": "12:00", "settling": "4:00"}
    )
    page = html.unescape(client.get(PAGE).text)
    assert page.count("suggested, and worth talking about") == 1
    assert "Cards before the bell" in page
    assert "You marked 1 stretch;" in page
    assert page.count("<svg") >= 3
    assert 'class="h' in page  # bars of the small timeline


def test_long_lists_end_so_that_the_page_is_one(client, stores, filled):
    for at in range(20):
        stores.lessons.put_verdict(
            Verdict(
                lesson="sample", moment=f"m{at}", by=TEACHER, role="teacher", is_confirmed=True,
                kind="lively", zone="room", start_s=at * 100, end_s=at * 100 + 50,
            )
        )  # fmt: skip
    page = client.get(PAGE).text
    assert page.count('<li><span class="number soft">') == 8
    assert "more on the lesson’s page" in html.unescape(page)


def test_a_lesson_of_which_nothing_was_sensed_has_the_page_too(client, stores, filled):
    stores.scores.retire(before_utc_ns=START_NS + 10_000 * SECOND_NS, max_epochs=100_000)
    page = client.get(PAGE)
    assert page.status_code == 200
    assert "small-timeline" not in page.text
