"""Guess before reveal over HTTP: whose a guess is, who sees it, and what a page hides before it."""

from __future__ import annotations

import html

import pytest

from contract.clock import SECOND_NS
from school.debrief.guess_store import Guess
from school.sharing.cut import Span
from tests.dashboard_api.conftest import START_NS
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie

GUESS = "/lessons/sample/guess"
HTMX = {"HX-Request": "true"}
FORM = {"start": ["11:00", "", "40:00"], "end": ["13:00", "", "41:00"], "settling": "5:00"}
DAY_NS = 86_400 * SECOND_NS


def guess_of(stores) -> Guess | None:
    return stores.sharing.guesses.of_lesson("sample")


def test_a_guess_is_kept_and_compared_in_words(client, stores, filled):
    answer = client.post(GUESS, data=FORM, headers=HTMX)
    assert answer.status_code == 200
    assert (
        "You marked 2 stretches; the system suggested 3; 1 is the same: 11:00–12:45." in answer.text
    )
    assert "You guessed that settling in took 5 min." in answer.text
    assert "came down to its usual after 3 min 55 s." in answer.text
    assert 'data-spans="[[660, 780], [2400, 2460]]"' in answer.text
    kept = guess_of(stores)
    assert kept is not None
    assert (kept.spans, kept.settling_s, kept.is_shown) == (
        ((660, 780), (2_400, 2_460)),
        300,
        False,
    )
    again = client.post(GUESS, data={"start": "1:00", "end": "2:00"}, headers=HTMX).text
    assert "You marked 1 stretch;" in again
    assert "did not guess how long" in again


def test_nobody_else_sees_it_until_the_teacher_shows_it(client, coach, stores, filled):
    client.post(GUESS, data=FORM)
    page, part = coach.get("/lessons/sample").text, coach.get(GUESS, headers=HTMX).text
    assert 'class="guess-result"' not in page
    assert "The teacher shows no guess." in part
    assert "marked" not in part
    # It looks the same where there is none.
    client.post(f"{GUESS}/remove")
    assert coach.get(GUESS, headers=HTMX).text == part
    client.post(GUESS, data=FORM)
    client.post(f"{GUESS}/shown", data={"is_on": "true"})
    part = coach.get(GUESS, headers=HTMX).text
    assert "The teacher marked 2 stretches" in part
    assert "11:00–13:00 and 40:00–41:00" in part
    assert "Delete my guess" not in part
    assert 'hx-get="/lessons/sample/guess"' in coach.get("/lessons/sample").text
    said = [each.sentence for each in stores.audit.of_lesson("sample", 9)]
    assert f"{TEACHER.capitalize()} shows their guess to those who see lesson sample" in said
    client.post(GUESS, data={"settling": "2:00"})
    assert "marked no stretch" in coach.get(GUESS, headers=HTMX).text  # still shown
    client.post(f"{GUESS}/shown", data={"is_on": "false"})
    assert "shows no guess" in coach.get(GUESS, headers=HTMX).text


def test_of_a_part_that_is_not_shared_no_stretch_is_shown(client, coach, stores, filled):
    client.post(GUESS, data=FORM)
    client.post(f"{GUESS}/shown", data={"is_on": "true"})
    part = shared_part(coach, stores, Span(600, 900))
    assert "The teacher marked 1 stretch in what is shared with you;" in part
    assert "40:00" not in part
    assert 'data-spans="[[660, 780]]"' in part


def test_how_the_lesson_began_is_for_who_sees_its_start(client, coach, stores, filled):
    client.post(GUESS, data=FORM)
    client.post(f"{GUESS}/shown", data={"is_on": "true"})
    for span in (Span(600, 900), Span(0, 299), Span(1, 900)):
        part = shared_part(coach, stores, span)
        assert "settling in" not in part
        assert "5 min" not in part
        assert "at the start" not in part
    part = shared_part(coach, stores, Span(0, 300))
    assert "The teacher marked no stretch in what is shared with you;" in part
    assert "guessed that settling in took 5 min. The room’s movement came down" in part
    client.post(GUESS, data={"start": "11:00", "end": "13:00"})
    part = shared_part(coach, stores, Span(0, 200))  # it went on for longer
    assert "stood out at the start in what is shared with you." in part
    stores.sharing.teacher.exclude("sample", Span(0, 60), "interruption", "", BY)
    part = client.get(GUESS, headers=HTMX).text
    assert "You marked 1 stretch in what is not left out;" in part
    assert "settling in" not in part


def shared_part(coach, stores, span: Span) -> str:
    """What a coach sees of the guess, with whom one part of the lesson is shared."""
    end = START_NS + 2 * DAY_NS
    stores.sharing.share("sample", COACH, BY, until_utc_ns=end, spans=[span], utc_ns=START_NS)
    return coach.get(GUESS, headers=HTMX).text


def test_it_goes_with_the_lesson_and_does_not_change_hands(client, stores, filled):
    client.post(GUESS, data=FORM)
    client.post(f"{GUESS}/shown", data={"is_on": "true"})
    add_person(stores.people, "new", "teacher")
    by = type(BY)(name="new", utc_ns=START_NS, person="new")
    assert stores.sharing.handovers.take_over("sample", by, START_NS, DAY_NS)
    with client.browser(cookie(stores.people, START_NS + 3_600 * SECOND_NS, "new")) as new:
        assert "marked" not in new.get(GUESS, headers=HTMX).text
    stores.lessons.purge(lessons=["sample"])
    stores.lessons.put(filled.lesson)
    assert guess_of(stores) is None


@pytest.mark.parametrize(
    ("form", "sentence"),
    (
        ({"start": "12:00", "end": "11:00"}, "must end after it begins"),
        ({"start": "12:00", "end": ""}, "must end after it begins"),
        ({"start": ["1:00", "2:00"], "end": "3:00"}, "a beginning and an end"),
        ({"start": "1:00", "end": "51:00"}, "within the lesson"),
        ({"settling": "55:00"}, "within the lesson"),
        ({"settling": "soon"}, "settling"),
        ({"start": ["1:00"] * 21, "end": ["2:00"] * 21}, "start"),
        ({"score": "5"}, "score"),
    ),
)
def test_what_can_t_be_meant_is_refused(client, stores, filled, form, sentence):
    answer = client.post(GUESS, data=form)
    assert answer.status_code == 422
    assert sentence in answer.json()["detail"]
    assert guess_of(stores) is None


def test_the_page_of_a_lesson_that_is_on_offers_none(client, stores, filled, clock):
    stores.sharing.guesses.begin(TEACHER, is_on=True)
    clock.utc_at_boot_ns = START_NS + 600 * SECOND_NS
    assert 'id="guess-open"' not in client.get("/lessons/sample").text


def test_a_page_that_begins_with_a_guess_has_nothing_that_was_measured(client, stores, filled):
    assert 'id="guess-open"' in client.get("/lessons/sample").text
    assert "A lively stretch:" in client.get("/lessons/sample").text
    assert client.post(f"{GUESS}/begin", data={"is_on": "true"}, headers=HTMX).status_code == 200
    page = html.unescape(client.get("/lessons/sample").text)
    assert 'data-guess="start"' in page
    for measured in (
        "A lively stretch:", "A calm stretch</b>", "moment suggested", "Settling in</b>", "lively stretches",
        'rel="preload" as="fetch"',
    ):  # fmt: skip
        assert measured not in page
    assert "Handing out the cards." in page  # what people wrote is there
    client.post(GUESS, data=FORM)
    page = html.unescape(client.get("/lessons/sample").text)
    assert 'data-guess="kept"' in page
    assert "A lively stretch:" in page
    client.post(f"{GUESS}/remove")
    client.post(f"{GUESS}/begin", data={"is_on": "false"})
    assert 'data-guess="may"' in client.get("/lessons/sample").text


def test_while_one_guesses_no_answer_brings_a_suggestion_back(client, stores, filled):
    """What the page asks every few seconds, and what it shows after a note was written."""
    guessing, address = {"Roomtone-Guessing": "1", **HTMX}, "/lessons/sample/moments"
    whole, before = client.get(address, headers=HTMX), client.get(address, headers=guessing)
    assert "moment suggested" in whole.text
    assert "Picked by the system too." in whole.text
    form = {"start_s": "1390", "length_s": "60", "note": "A note while guessing"}
    added = client.post(address, data=form, headers=guessing)
    for answer in (before, added, client.get(address, headers=guessing)):
        assert answer.status_code == 200
        assert "Handing out the cards." in answer.text
        for measured in ("moment suggested", "moment routine", "A lively stretch:", "the system"):
            assert measured not in answer.text
    step = "/lessons/sample/step"
    assert "A lively stretch:" in client.get(step, headers=HTMX).text
    assert "A lively stretch:" not in client.get(step, headers=guessing).text
    # Neither is taken for the other.
    for answer, headers in ((whole, guessing), (before, HTMX)):
        again = client.get(address, headers={**headers, "If-None-Match": answer.headers["etag"]})
        assert again.status_code == 200


def test_a_coach_s_page_never_begins_with_a_guess(client, coach, stores, filled):
    stores.sharing.guesses.begin(COACH, is_on=True)
    page = coach.get("/lessons/sample").text
    assert "A lively stretch:" in page
    assert 'id="guess-open"' not in page


def test_it_works_without_scripts(client, stores, filled):
    page = client.get(GUESS).text
    assert "Where did the room drift?" in page
    assert "marked" not in page
    assert client.post(GUESS, data=FORM).headers["location"] == GUESS
    page = client.get(GUESS).text
    assert "You marked 2 stretches" in page
    assert 'value="11:00"' in page
    assert client.post(f"{GUESS}/remove").status_code == 303
    assert guess_of(stores) is None


def test_before_a_guess_no_page_of_lessons_shows_what_was_measured(
    client, coach, stores, filled, clock
):
    """Those who begin with a guess: the start page, a search, the reflection; then all is there."""
    pages = ("/", "/?q=Fractions", "/lessons/sample/reflection")
    strip, first = 'src="/lessons/sample/strip.svg"', "You guess first"
    measured = (strip, strip, "small-timeline")
    stores.sharing.guesses.begin(TEACHER, is_on=True)
    for address, sign in zip(pages, measured, strict=True):
        text = client.get(address).text
        assert first in text, address
        assert sign not in text, address
        assert "lively stretch" not in text, address
    # Somebody else's list is as before, and so is the teacher's after the guess.
    assert strip in coach.get("/").text
    assert first not in coach.get("/").text
    client.post(GUESS, data=FORM)
    for address, sign in zip(pages, measured, strict=True):
        text = client.get(address).text
        assert first not in text, address
        assert sign in text, address
