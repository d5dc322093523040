"""A lesson's plan over HTTP: who writes it, what is beside it, and what is refused."""

from __future__ import annotations

import html
import re

import pytest

from contract.clock import SECOND_NS
from school.plans.records import Standard
from school.sharing.cut import Span
from tests.signed_in import BY, COACH, TEACHER

PLAN = "/lessons/sample/plan"
HTMX = {"HX-Request": "true"}
TEXT = "10 Warm-up\n20 Group task #f.1\n10 Share"
FRACTIONS = Standard(framework="Maths", code="F.1", words="Add fractions")


def write(client, text: str = TEXT, revision: int = 0, **given):
    return client.post(PLAN, data={"text": text, "revision": revision}, headers=HTMX, **given)


def say(client, place: int, says: str, at: str = "", revision: int = 1):
    data = {"revision": revision, "says": says, "at": at}
    return client.post(f"{PLAN}/phases/{place}", data=data, headers=HTMX)


def words(answer) -> str:
    """The text of an answer, without its marks."""
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", answer.text)).split())


def test_a_plan_is_written_and_stands_beside_what_came(client, stores, filled):
    stores.sharing.standards.replace("Maths", [FRACTIONS])
    answer = words(write(client))
    assert "The plan has 3 phases and 40 minutes." in answer
    assert "F.1 Add fractions" in answer
    assert "Not known when they began: Warm-up, Group task and Share." in answer
    say(client, 0, "began", "0:20")
    say(client, 2, "never")
    answer = words(say(client, 1, "began", "16:00"))
    assert "Began at 0:20, as planned. It took 16 min and ran over by 5 min 40 s" in answer
    assert "Planned, and never came: Share (10 minutes)." in answer
    assert re.search(r"Sensed meanwhile: [a-z ]+, 6\d dB\(A\)\.", answer)
    timeline = client.get("/api/lessons/sample/timeline").json()
    assert [
        (one["name"], one["start_s"], one["end_s"], one["began_s"], one["ended_s"], one["over_s"])
        for one in timeline["plan"]
    ] == [
        ("Warm-up", 0, 600, 20, 960, 340), ("Group task", 600, 1800, 960, 3000, 840),
        ("Share", 1800, 2400, None, None, None),
    ]  # fmt: skip
    assert "Ran over: Warm-up by 5 min 40 s and Group task by 14 min." in timeline["summary"]
    # Taken back, it is not known again.
    assert "Not known when they began: Share." in words(say(client, 2, "not_known"))


def test_the_table_says_what_was_planned(client, filled):
    assert "Planned" not in words(client.get("/lessons/sample/table"))
    write(client, "5 Warm-up\n20 Group task")
    table = words(client.get("/lessons/sample/table"))
    assert "Planned" in table
    assert re.search(r"4:30–5:00 Warm-up .* 5:00–5:30 Group task", table)


def test_a_change_of_the_sound_is_a_hint_and_no_answer(client, coach, filled):
    write(client, "5 Settle\n11 Talk\n17 Groups\n12 Test")
    answer = words(client.get(PLAN, headers=HTMX))
    assert "the sound changed most at 4:00: 7 dB(A) quieter than the minute before. That does not say that it began then." in answer  # fmt: skip
    assert "It began at 4:00 : Talk" in answer
    assert "Not known when they began: Settle, Talk, Groups and Test." in answer
    assert "Sensed at the planned time:" in answer
    assert "the sound changed" not in words(coach.get(PLAN, headers=HTMX))


def test_a_coach_reads_the_plan_and_writes_nothing(client, coach, stores, filled):
    write(client, TEXT)
    say(client, 0, "began", "1:00")
    page = words(coach.get(PLAN))
    assert "Began at 1:00, 1 min later than planned." in page
    assert "Change the plan" not in page
    assert "Say how it came" not in page
    assert write(coach).status_code == 404
    assert say(coach, 1, "never").status_code == 404
    assert coach.post(f"{PLAN}/remove").status_code == 404
    assert coach.get(f"{PLAN}/standards").status_code == 404
    plan = stores.sharing.plans.of_lesson("sample")
    assert [phase.is_absent for phase in plan.phases] == [False] * 3


def test_of_a_shared_part_the_coach_sees_the_phases_in_it(client, coach, stores, clock, filled):
    write(client, TEXT)
    say(client, 0, "began", "1:00")
    say(client, 1, "began", "11:00")
    until = clock.utc_ns() + 86_400 * SECOND_NS
    stores.sharing.share("sample", COACH, BY, until_utc_ns=until, spans=(Span(0, 630),))
    page = words(coach.get(PLAN))
    assert "Warm-up" in page
    assert "How long it took is not known." in page
    assert "Group task" not in page
    assert [one["name"] for one in coach.get("/api/lessons/sample/timeline").json()["plan"]] == [
        "Warm-up"
    ]
    stores.sharing.share("sample", COACH, BY, until_utc_ns=until, spans=(Span(60, 120),))
    assert "The plan has no phase in the part that is shared with you." in words(coach.get(PLAN))


def test_before_a_guess_nothing_that_was_sensed_is_there(client, stores, filled):
    write(client, TEXT)
    stores.sharing.guesses.begin(TEACHER, is_on=True)
    page = words(client.get(PLAN))
    assert "What was sensed stands here after your guess." in page
    assert "dB(A)" not in page
    assert "Sensed" not in page


def test_a_plan_is_made_before_the_lesson_and_tapped_in_it(client, clock, filled):
    clock.now_ns = -3_700 * SECOND_NS
    page = words(write(client))
    assert "The plan has 3 phases" in page
    assert "It is not its time yet." in page
    assert "Began now" not in page
    assert "not later than now" in words(say(client, 0, "began", "0:00"))
    clock.now_ns = -2_900 * SECOND_NS
    assert "Began at 0:00, as planned. It is on now." in words(say(client, 0, "began", "0"))
    page = words(say(client, 1, "now"))
    assert "Began at 11:40, 1 min 40 s later than planned. It is on now." in page
    assert "It took 12 min and ran over by 1 min 40 s; 10 min were planned." in page
    assert "not later than now" in words(say(client, 2, "began", "12:00"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    (
        ("10 Warm-up\n-3 Share", "Line 2 has “-3” as minutes"),
        ("ten Warm-up", "Line 1 has no minutes"),
        ("30 Warm-up\n21 Share", "Line 2: with this phase the plan has 51 minutes, and the lesson has 50."),
        ("1 x\n" * 31, "Line 31: that is phase 31, and a plan has 30 phases at most."),
        ("10 Warm-up #F.2", "Line 1: the standards of this school have no #F.2."),
    ),
)  # fmt: skip
def test_a_broken_plan_comes_back_with_a_sentence(client, stores, filled, text, sentence):
    stores.sharing.standards.replace("Maths", [FRACTIONS])
    write(client, "10 Warm-up")
    answer = write(client, text, 1)
    assert answer.status_code == 200
    assert sentence in words(answer)
    assert html.escape(text.splitlines()[0], quote=False) in answer.text
    assert stores.sharing.plans.of_lesson("sample").revision == 1
    page = client.post(PLAN, data={"text": text, "revision": 1})
    assert page.status_code == 422
    assert sentence in words(page)


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    (
        ("plan.csv", b"phase,minutes\nWarm-up,soon", "Line 2 has “soon” as minutes"),
        ("plan.md", b"10 Caf\xe9", "The file plan.md is not UTF-8 text (byte 6)"),
        ("plan.docx", b"PK\x03\x04rest", "The file plan.docx is an Excel workbook or another ZIP"),
        ("plan.md", b"1 x\n" * 10_000, "The file plan.md is larger than 32 KB"),
    ),
)
def test_a_file_that_is_no_plan_comes_back_with_a_sentence(
    client, stores, filled, name, data, sentence
):
    answer = write(client, "10 Warm-up", files={"file": (name, data)})
    assert sentence in words(answer)
    assert stores.sharing.plans.of_lesson("sample") is None


def test_a_file_is_taken_in_the_place_of_the_text(client, stores, filled):
    data = "## Wärm-up (10 min)\n\n## Share (5 min)\n".encode("utf-16")
    assert "Wärm-up" in words(write(client, "1 Nothing", files={"file": ("plan.md", data)}))
    assert [one.minutes for one in stores.sharing.plans.of_lesson("sample").phases] == [10, 5]


def test_a_plan_of_another_window_is_not_overwritten(client, stores, filled):
    write(client, "10 Warm-up")
    answer = words(write(client, "20 Other"))
    assert "The plan was changed or removed in the meantime." in answer
    assert "20 Other" in answer
    assert "in the meantime" in words(say(client, 0, "never", revision=2))
    assert stores.sharing.plans.of_lesson("sample").phases[0].name == "Warm-up"
    assert client.post(PLAN, data={"text": "1 x", "revision": "x"}).status_code == 422
    assert client.post(PLAN, data={"text": "1 x", "revision": "1" * 5000}).status_code == 422
    assert say(client, 30, "never").status_code == 422
    assert say(client, 0, "later").status_code == 422


def test_without_scripts_each_form_leads_back_to_the_page(client, filled):
    answer = client.post(PLAN, data={"text": TEXT, "revision": 0})
    assert (answer.status_code, answer.headers["location"]) == (303, PLAN)
    data = {"revision": 1, "says": "began", "at": "2:00"}
    assert client.post(f"{PLAN}/phases/0", data=data).headers["location"] == PLAN
    assert "Began at 2:00" in words(client.get(PLAN))
    assert "When it began" not in words(client.post(f"{PLAN}/phases/0", data={**data, "at": ""}))
    assert client.post(f"{PLAN}/remove").status_code == 303
    assert "Write a plan" in words(client.get(PLAN))


def test_words_of_a_plan_are_text(client, filled):
    write(client, "10 <img src=x onerror=alert(1)> & co")
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; co" in client.get(PLAN).text
    assert "<img src=x" not in client.get(PLAN).text


def test_standards_are_searched_while_a_plan_is_written(client, stores, filled):
    assert "This school has no standards yet." in words(
        client.get(f"{PLAN}/standards", headers=HTMX)
    )
    assert "This school has no standards yet, so those in a plan stay as they are typed." in words(client.get(PLAN))  # fmt: skip
    write(client, "10 Warm-up #Q.7")
    assert "Q.7 (not in the standards of this school)" in words(client.get(PLAN))
    stores.sharing.standards.replace("Maths", [FRACTIONS])
    assert "Find a standard" in words(client.get(PLAN))
    found = client.get(f"{PLAN}/standards?wanted=fractions", headers=HTMX).text
    assert 'data-code="F.1"' in found
    assert "No standard has these words." in words(
        client.get(f"{PLAN}/standards?wanted=history", headers=HTMX)
    )
    assert "Maths: 1 standard" in words(client.get(f"{PLAN}/standards?wanted=f.1"))
