"""Forms over HTTP: each fills their own, and both views stand side by side once both are done."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.clock import SECOND_NS
from dashboard_api.forms.places import pieces_of
from school.forms.sheets import Sheet
from school.forms.sides import sides_of
from school.forms.yaml_file import EXAMPLES, read_form
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie

LIST = "/lessons/sample/forms"
PAGE = f"{LIST}/talk-rubric"
RUBRIC = read_form(EXAMPLES["talk-rubric"])
DAY_NS = 86_400 * SECOND_NS


def save(pages, item: str, revision: int = 0, **said):
    return pages.request("PUT", f"{PAGE}/items/{item}", json={"revision": revision, **said})


def shown(pages, path: str = PAGE) -> str:
    answer = pages.get(path)
    assert answer.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def done(pages) -> None:
    assert pages.post(f"{PAGE}/done").headers["location"] == PAGE


def test_the_list_has_the_forms_and_what_one_filled(client, stores, filled):
    page = shown(client, LIST)
    assert "What works here" in page
    assert page.count("You have not filled it.") == 3
    save(client, "who-talks", choice="many")
    assert "You have said something about 1 of 5 items." in shown(client, LIST)
    done(client)
    assert "You are done." in shown(client, LIST)


def test_each_sees_only_their_own_until_both_are_done(client, coach, stores, filled):
    save(client, "who-talks", choice="many", words="of the teacher, at 12:30")
    save(coach, "who-talks", choice="a-few", words="of the coach")
    assert "of the coach" not in shown(client)
    assert "of the teacher" not in shown(coach)
    assert "is done" not in shown(coach)
    done(client)
    # One who is not done learns that the other one is, and nothing else.
    assert "teacher is done. Only you see" in shown(coach)
    assert "of the teacher" not in coach.get(PAGE).text
    assert "of the coach" not in client.get(PAGE).text
    assert "once they are done too" in shown(client)
    done(coach)
    for pages in (client, coach):
        text = pages.get(PAGE).text
        assert "of the coach" in text
        assert "of the teacher, at " in text
        assert '<a href="/lessons/sample#t=750" target="lesson">12:30</a>' in text
    assert "You chose the same." not in shown(client)
    assert "changed something after" not in shown(client)
    save(coach, "who-talks", 1, choice="many", words="of the coach")
    page = shown(client)
    assert "You chose the same." in page


def test_no_coach_sees_another_ones(client, coach, stores, filled, clock):
    add_person(stores.people, "second", "coach")
    now = clock.utc_ns()
    stores.sharing.share("sample", "second", BY, until_utc_ns=now + DAY_NS)
    with client.browser(cookie(stores.people, now, "second")) as second:
        for pages, words in ((client, "of T"), (coach, "of C"), (second, "of S")):
            save(pages, "mistakes", words=words)
            done(pages)
        assert "of S" not in coach.get(PAGE).text
        assert "of C" not in second.get(PAGE).text
        assert "of T" in second.get(PAGE).text
        page = client.get(PAGE).text
        assert "of C" in page
        assert "of S" in page
        # A share that ends closes it; what the coach said stays with the teacher.
        stores.sharing.unshare("sample", "second", BY)
        assert second.get(PAGE).status_code == 404
        assert save(second, "mistakes", 1, words="x").status_code == 404
        assert "of S" in client.get(PAGE).text


def test_two_windows_lose_nothing(client, stores, filled):
    assert save(client, "who-talks", choice="many", words="one\ntwo").json() == {"revision": 1}
    late = save(client, "who-talks", words="mine")
    assert late.status_code == 409
    assert late.json()["now"] == {
        "choice": "many", "choice_label": "Many pupils", "words": "one\ntwo", "revision": 1,
    }  # fmt: skip
    form = {"choice": "", "words": "mine\r\nof old", "revision": "0"}
    late = client.post(f"{PAGE}/items/who-talks", data=form)
    assert late.status_code == 409
    page = html.unescape(late.text)
    assert ">mine\nof old</textarea>" in page
    assert "Many pupils. one\ntwo" in page
    assert 'name="revision" value="1"' in page
    answer = client.post(f"{PAGE}/items/who-talks", data={**form, "revision": "1"})
    assert answer.headers["location"] == f"{PAGE}#item-who-talks"
    (kept,) = stores.sharing.forms.of_lesson("sample")
    assert kept.answers["who-talks"].words == "mine\nof old"


@pytest.mark.parametrize(
    ("body", "status"),
    (
        ({"choice": "seen", "revision": 0}, 422),
        ({"words": "x" * 1_001, "revision": 0}, 422),
        ({"revision": -1}, 422),
        ({}, 422),
        ({"points": 3, "revision": 0}, 422),
    ),
)
def test_what_no_page_sends_is_refused(client, stores, filled, body, status):
    assert client.request("PUT", f"{PAGE}/items/who-talks", json=body).status_code == status
    assert stores.sharing.forms.of_lesson("sample") == []


def test_what_is_not_there_is_not_found(client, filled):
    for path in (f"{LIST}/nothing/items/x", f"{PAGE}/items/nothing"):
        assert client.request("PUT", path, json={"revision": 0}).status_code == 404
    assert client.get(f"{LIST}/nothing").status_code == 404
    assert client.post(f"{PAGE}/done").status_code == 422


def test_what_was_filled_can_be_deleted(client, coach, stores, filled):
    for pages in (client, coach):
        save(pages, "mistakes", words="gone soon")
        done(pages)
    assert coach.post(f"{PAGE}/remove").headers["location"] == LIST
    assert [each.person for each in stores.sharing.forms.of_lesson("sample")] == [TEACHER]
    assert shown(client).count("gone soon") == 1


def test_a_form_that_changed_keeps_what_was_said_readable(client, coach, stores, filled):
    for pages in (client, coach):
        save(pages, "who-talks", choice="each-other", words="near the end")
        save(pages, "mistakes", choice="used", words="the second task")
    section = RUBRIC.sections[1]
    talks = replace(section.items[0], levels=section.items[0].levels[:2])
    newer = replace(RUBRIC, version="2", sections=(replace(section, items=(talks,)),))
    client.app.state.forms = {newer.id: newer}
    page = shown(client)
    assert "From an older version of this form What a mistake leads to You Used" in page
    assert "Pupils to pupils from an older version of this form" in page
    # What was chosen stays while one changes the words; what is gone can't be chosen.
    assert save(client, "who-talks", 1, choice="each-other", words="at 2:00").status_code == 200
    assert save(client, "who-talks", 2, choice="many").status_code == 422
    assert save(client, "mistakes", 1, words="x").status_code == 404
    for pages in (client, coach):
        done(pages)
    page = shown(client)
    assert page.count("the second task") == 2
    assert page.count("near the end") == 1
    # Not in use at all: it is read, and not changed.
    client.app.state.forms = {}
    page = shown(client)
    assert "This form is not in use any more." in page
    assert page.count("Pupils to pupils") == 2
    assert "not in use any more" in shown(client, LIST)
    assert save(client, "who-talks", 2, choice="many").status_code == 404


def test_it_does_not_change_hands_with_the_lesson(client, coach, stores, filled, clock):
    for pages in (client, coach):
        save(pages, "mistakes", words="between the two")
        done(pages)
    stores.sharing.unshare("sample", COACH, BY)
    add_person(stores.people, "new", "teacher")
    by = type(BY)(name="new", utc_ns=0, person="new")
    assert stores.sharing.handovers.take_over("sample", by, filled.start_ns, DAY_NS)
    now = clock.utc_ns()
    with client.browser(cookie(stores.people, now, "new")) as new:
        save(new, "mistakes", words="of the new one")
        done(new)
        assert "between the two" not in new.get(PAGE).text
        assert "teacher is done" not in shown(new)
        assert client.get(PAGE).status_code == 404
        # The coach begins once more for the new teacher, who sees it when they say so.
        stores.sharing.share("sample", COACH, by, until_utc_ns=now + DAY_NS)
        assert "You are done" not in shown(coach)
        save(coach, "mistakes", 1, words="for the new one")
        assert "for the new one" not in new.get(PAGE).text
        done(coach)
        assert "for the new one" in new.get(PAGE).text
        assert "of the new one" in coach.get(PAGE).text


def test_over_time_shows_what_both_said_in_the_lessons_that_one_sees(
    client, coach, stores, filled, clock
):
    path = f"{PAGE}/over-time"
    assert "Nothing is said yet." in shown(client, path)
    later = replace(filled.lesson, id="later", starts_utc_ns=filled.start_ns + DAY_NS,
                    ends_utc_ns=filled.start_ns + DAY_NS + 10 * SECOND_NS)  # fmt: skip
    stores.lessons.put(later)
    now = clock.utc_ns()
    stores.sharing.share("later", COACH, BY, until_utc_ns=now + DAY_NS)
    later_page = PAGE.replace("sample", "later")
    for pages, first, second in ((client, "many", "each-other"), (coach, "a-few", "many")):
        save(pages, "who-talks", choice=first, words="x" * 300)
        done(pages)
        body = {"choice": second, "revision": 0}
        pages.request("PUT", f"{later_page}/items/who-talks", json=body)
    # In the later lesson nobody is done: each reads their own alone.
    page = shown(client, path)
    assert re.search(r"Who talks You Many pupils x+… the-coach A few pupils x+… You Pupils", page)
    assert page.count("Pupils to pupils") == 1
    assert page.index("18 November 2025") < page.index("19 November 2025")
    assert "What a mistake leads to" not in page
    assert "Pupils to pupils" not in shown(coach, path)
    for pages in (client, coach):
        pages.post(f"{later_page}/done")
    assert "the-teacher Pupils to pupils" in shown(coach, path)
    # What is not shared any more is in no list of the coach's.
    stores.sharing.unshare("later", COACH, BY)
    page = shown(coach, path)
    assert "Pupils to pupils" not in page
    assert "19 November" not in page
    assert "the-coach Many pupils" in shown(client, path)
    # A form that is not in use any more stays readable.
    client.app.state.forms = {}
    assert "Pupils to pupils" in shown(client, path)
    assert client.get(f"{LIST}/nothing/over-time").status_code == 404


def test_nobody_else_opens_it(client, filled, stores, clock):
    save(client, "mistakes", words="a private word")
    for role in ("administrator", "technician", "privacy_officer", "teacher", "coach"):
        add_person(stores.people, f"x-{role}", role)
        with client.browser(cookie(stores.people, clock.utc_ns(), f"x-{role}")) as other:
            for path in (LIST, PAGE, f"{PAGE}/over-time"):
                answer = other.get(path)
                assert answer.status_code == 404
                assert "private word" not in answer.text


@given(text=st.text(st.sampled_from("0123456789:. aé\n")))
def test_the_pieces_of_a_text_are_the_text(text: str) -> None:
    pieces = pieces_of(text)
    assert "".join(piece.text for piece in pieces) == text
    for piece in pieces:
        assert piece.second is None or ":" in piece.text


@pytest.mark.parametrize(
    ("text", "seconds"),
    (
        ("at 12:30.", [750]), ("1:02:03", [3_723]), ("75:10–76:00", [4_510, 4_560]),
        ("12:60", []), ("a:30", []), ("1:2:03", []), ("ratio 3:4", []), ("10:00:00:00", []),
    ),
)  # fmt: skip
def test_times_lead_to_their_place(text: str, seconds: list[int]) -> None:
    assert [piece.second for piece in pieces_of(text) if piece.second is not None] == seconds


PEOPLE = ("ada", "bo", "kim", "rob")
SHEETS = st.lists(
    st.builds(
        lambda person, teacher, done: Sheet(
            lesson="l", person=person, teacher=teacher, form="f", name="F", version="1",
            done_utc_ns=done, answers={},
        ),
        st.sampled_from(PEOPLE), st.sampled_from(PEOPLE[:2]), st.none() | st.integers(1, 9),
    ),
    unique_by=lambda sheet: sheet.person,
)  # fmt: skip


@given(sheets=SHEETS, viewer=st.sampled_from(PEOPLE))
def test_nobody_sees_more_than_their_side(sheets: list[Sheet], viewer: str) -> None:
    sides = sides_of(sheets, viewer, "ada")
    for other in sides.others:
        assert sides.is_done
        assert other.done_utc_ns is not None
        assert "ada" in {viewer, other.person}
        # The other one sees the viewer's at the same time.
        assert viewer in {each.person for each in sides_of(sheets, other.person, "ada").others}
    assert not (sides.others and sides.waiting)
