"""Short questions on the pages: asked, counted, shown to whom, and words for one reader."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta

import pytest

from dashboard_api.app import create_app
from dashboard_api.pulse.asking import MIN_COACHES
from school.ledger.records import Costs
from school.pulse.records import Answer, Deed
from school.rooms.records import Site
from tests.dashboard_api.conftest import Pages
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie

MONDAY = date(2025, 11, 17)
"""Of the week of the sample lesson."""
WEEK = {"kind": "week", "question": "could-use"}
AFTER = {"kind": "debrief", "question": "worth-its-time"}


def plain(text: str) -> str:
    """A page's words."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def parts(pages: Pages) -> list[str]:
    """What was answered, an article a question and school."""
    found = re.search(r'id="answers">(.*?)</section>', pages.get("/pulse").text, re.DOTALL)
    return [plain(each) for each in re.findall(r"<article.*?</article>", found[1], re.DOTALL)]


def asked(pages: Pages, path: str = "/") -> list[str]:
    return re.findall(r'<p id="pulse-(\w+)"', pages.get(path).text)


def answer(
    stores, n: int, *, weeks_ago: int = 1, site: str = "", question: str = "could-use"
) -> None:
    """So many people said yes."""
    monday = MONDAY - timedelta(days=7 * weeks_ago)
    for number in range(n):
        person = f"answers-{site}-{weeks_ago}-{number}"
        if stores.people.person(person) is None:
            add_person(stores.people, person, "teacher")
        kind = "week" if question == "could-use" else "debrief"
        tap = Answer(question=question, step=2 if number % 2 else 0, site=site)
        stores.pulse.settle(person, kind, [monday], tap)


def later(pages: Pages, stores, clock, *, days: int, person: str = "only-teaches") -> None:
    """So many days later, and signed in again."""
    clock.advance(days * 86_400)
    pages._client.cookies.update(cookie(stores.people, clock.utc_ns(), person))


@pytest.fixture
def teacher(client, stores, clock):
    """Someone who teaches and nothing else."""
    add_person(stores.people, "only-teaches", "teacher")
    with client.browser(cookie(stores.people, clock.utc_ns(), "only-teaches")) as pages:
        yield pages


@pytest.fixture
def office(client, stores, clock):
    """An administrator."""
    add_person(stores.people, "office", "administrator")
    with client.browser(cookie(stores.people, clock.utc_ns(), "office")) as pages:
        yield pages


@pytest.fixture
def officer(client, stores, clock):
    """A data protection officer."""
    add_person(stores.people, "officer", "privacy_officer")
    with client.browser(cookie(stores.people, clock.utc_ns(), "officer")) as pages:
        yield pages


def test_one_tap_answers_and_the_question_is_gone_for_the_week(teacher, stores):
    assert asked(teacher) == ["week"]
    sent = teacher.post("/pulse/answer", data={**WEEK, "step": "2"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/pulse")
    assert asked(teacher) == []
    teacher.post("/pulse/answer", data={**WEEK, "step": "0"})
    (tally,) = stores.pulse.tallies(MONDAY, MONDAY + timedelta(days=7))
    assert (tally.monday, tally.site, tally.counts) == (MONDAY, "", (0, 0, 1))


def test_it_comes_again_next_week(teacher, stores, clock):
    teacher.post("/pulse/answer", data={**WEEK, "step": "2"})
    later(teacher, stores, clock, days=5)  # on Sunday
    assert asked(teacher) == []
    later(teacher, stores, clock, days=1)
    assert asked(teacher) == ["week"]


def test_it_can_be_skipped_and_switched_off(teacher, stores, clock):
    assert teacher.post("/pulse/answer", data=WEEK).headers["location"] == "/"
    assert asked(teacher) == []
    assert stores.pulse.tallies(MONDAY, MONDAY + timedelta(days=7)) == []
    later(teacher, stores, clock, days=7)
    teacher.post("/pulse/switch", data={"is_on": "false"})
    assert asked(teacher) == asked(teacher, "/pulse") == []
    assert "You are asked nothing." in teacher.get("/pulse").text
    teacher.post("/pulse/switch", data={"is_on": "true"})
    assert asked(teacher) == ["week"]


@pytest.mark.parametrize(
    "given",
    ({**WEEK, "step": "3"}, {"kind": "week", "question": "older", "step": "1"},
     {"kind": "debrief", "question": "worth-its-time", "step": "1"}),
    ids=str,
)  # fmt: skip
def test_what_is_not_asked_is_not_counted(teacher, stores, given):
    assert teacher.post("/pulse/answer", data=given).status_code == 303
    assert stores.pulse.tallies(MONDAY, MONDAY + timedelta(days=7)) == []
    assert asked(teacher) == ["week"]


def test_no_question_where_the_school_asks_none(stores, clock):
    app = create_app(lambda: stores, clock=clock, questions=())
    with Pages(app, cookie(stores.people, clock.utc_ns())) as pages:
        assert asked(pages) == []
        assert "No question is asked here." in pages.get("/pulse").text


def add_coaches(stores, n: int) -> None:
    for number in range(n):
        add_person(stores.people, f"coach-{number}", "coach")


def test_after_a_talk_the_other_question_comes_while_coaches_are_enough(client, filled, stores):
    add_coaches(stores, MIN_COACHES - 2)  # and the one who has every role
    stores.sharing.talks.add("sample", TEACHER, "coach-0", MONDAY + timedelta(days=1), 30)
    assert asked(client) == ["week"]
    assert asked(client, "/lessons/sample/take") == []
    add_person(stores.people, "one-more", "coach")
    assert asked(client) == ["debrief", "week"]
    assert asked(client, "/lessons/sample/take") == ["debrief"]
    client.post("/pulse/answer", data={**AFTER, "step": "4"})
    assert asked(client) == ["week"]
    assert asked(client, "/lessons/sample/take") == []


def test_a_talk_of_last_week_is_asked_about_once(client, filled, stores, clock):
    add_coaches(stores, MIN_COACHES)
    stores.sharing.talks.add("sample", TEACHER, "coach-0", MONDAY - timedelta(days=3), 30)
    assert asked(client) == ["debrief", "week"]
    client.post("/pulse/answer", data={**AFTER, "step": "4"})
    assert asked(client) == ["week"]
    later(client, stores, clock, days=7, person=TEACHER)
    assert asked(client) == ["week"]


def test_the_lessons_reader_is_not_asked_on_its_page(coach, stores):
    add_coaches(stores, MIN_COACHES)
    assert asked(coach) == asked(coach, "/lessons/sample/take") == []


def test_what_is_said_of_talks_is_never_kept_by_school(client, stores):
    add_coaches(stores, MIN_COACHES)
    stores.rooms.add_site(Site(name="north", title="North"), BY)
    stores.programme.put_people({TEACHER: "north"}, BY)
    client.post("/pulse/answer", data={**AFTER, "step": "4"})
    client.post("/pulse/answer", data={**WEEK, "step": "1"})
    found = stores.pulse.tallies(MONDAY, MONDAY + timedelta(days=7))
    assert {each.question: each.site for each in found} == {
        "worth-its-time": "", "could-use": "north",
    }  # fmt: skip


def test_a_week_is_shown_when_it_is_over_and_had_five_answers(teacher, stores):
    answer(stores, 6, weeks_ago=1)
    answer(stores, 4, weeks_ago=2)
    answer(stores, 5, weeks_ago=3)
    answer(stores, 9, weeks_ago=0)
    (part,) = parts(teacher)
    assert "Week of 10 November 2025 3 of 6 19 to 81\u00a0%".replace("\u00a0", " ") in part
    assert "Week of 27 October 2025 2 or fewer of 5" in part
    assert "3 November" not in part
    assert "17 November" not in part


@pytest.fixture
def district(stores):
    """Two schools, one with twelve answers last week and one with six."""
    for name, title in (("north", "North School"), ("south", "South School")):
        stores.rooms.add_site(Site(name=name, title=title), BY)
    add_person(stores.people, "of-north", "coach")
    stores.programme.put_people({"of-north": "north"}, BY)
    answer(stores, 12, site="north")
    answer(stores, 6, site="south")


def test_a_teacher_sees_their_own_school_alone(teacher, stores, district):
    assert parts(teacher) == []
    assert "Nobody has said which school is yours" in teacher.get("/pulse").text
    stores.programme.put_people({"only-teaches": "south"}, BY)
    (part,) = parts(teacher)
    assert part.startswith("Each week, South School")
    assert "3 of 6" in part


def test_beyond_a_school_ten_are_needed_also_for_what_is_left_of_a_sum(office, stores, district):
    together, north, south = parts(office)
    assert "all schools together" in together
    assert "No week had answers enough." in together, "eighteen minus twelve are six"
    assert "6 of 12" in north
    assert "No week had answers enough." in south
    answer(stores, 8, site="west")
    assert "No week had answers enough." in parts(office)[0], "eight, for who is of the south next"
    answer(stores, 8, site="east")
    assert "of 34" in parts(office)[0]


def test_who_joins_a_school_after_the_sum_computes_no_other_small_school(
    officer, stores, district
) -> None:
    """The sum less the north and the south is what the west's five said."""
    answer(stores, 5, site="west")
    before = parts(officer)[0]
    stores.programme.put_people({"officer": "south"}, BY)
    assert "3 of 6" in parts(officer)[0]
    assert "No week had answers enough." in before


def test_an_administrator_is_of_no_small_school(office, stores, district):
    """They could put themselves into one after another."""
    before = parts(office)
    stores.programme.put_people({"office": "south"}, BY)
    assert parts(office) == before
    assert not any("of 6" in part for part in before)


def test_the_officer_of_a_school_sees_no_sum(officer, stores, district):
    stores.programme.put_people({"officer": "south"}, BY)
    south, north = parts(officer)
    assert south.startswith("Each week, South School")
    assert "3 of 6" in south
    assert "6 of 12" in north


def test_what_was_done_reaches_those_who_are_asked(office, teacher, stores, clock, district):
    stores.programme.put_people({"only-teaches": "south"}, BY)
    for said, site in (("more time", ""), ("fewer visits", "north"), ("a room", "south")):
        given = {"day": "2025-11-18", "said": said, "did": "We changed it.", "site": site}
        assert office.post("/pulse/deeds", data=given).headers["location"] == "/pulse#deeds"
    for path in ("/", "/pulse"):
        text = teacher.get(path).text
        assert "more time" in text
        assert "a room" in text
        assert "fewer visits" not in text
    assert "fewer visits" in office.get("/pulse").text
    later(teacher, stores, clock, days=20)
    assert "more time" not in teacher.get("/").text
    assert "more time" in teacher.get("/pulse").text
    later(office, stores, clock, days=0, person="office")
    for deed in stores.pulse.deeds():
        office.post("/pulse/deeds/remove", data={"deed": deed.id})
    assert "more time" not in teacher.get("/pulse").text


@pytest.mark.parametrize(
    ("given", "words"),
    (({"said": " ", "did": "x"}, "Write both"), ({"said": "x", "did": "y", "site": "east"}, "Choose a school")),
)  # fmt: skip
def test_a_deed_that_is_not_whole_is_not_kept(office, stores, given, words):
    answer = office.post("/pulse/deeds", data={"day": "2025-11-18", **given})
    assert answer.status_code == 422
    assert words in answer.text
    assert stores.pulse.deeds() == []


@pytest.mark.parametrize(
    ("day", "starts_on", "said"),
    (
        ("2025-11-19", None, "from 18 November 2024 to 18 November 2025"),
        ("2024-11-17", None, "from 18 November 2024 to 18 November 2025"),
        ("2025-09-07", date(2025, 9, 8), "from 8 September 2025 to 18 November 2025"),
    ),
)
def test_a_deed_s_day_is_one_of_the_coaching_s(office, stores, day, starts_on, said):
    stores.ledger.put_costs(Costs(starts_on=starts_on), BY)
    given = {"day": day, "said": "x", "did": "y"}
    answer = office.post("/pulse/deeds", data=given)
    assert (answer.status_code, said in plain(answer.text)) == (422, True)
    assert stores.pulse.deeds() == []
    assert office.post("/pulse/deeds", data=given | {"day": "2025-09-08"}).status_code == 303


def test_there_is_a_field_for_words_only_for_a_chosen_reader(teacher, coach, office, stores):
    assert "<textarea" not in teacher.get("/pulse").text
    assert "<textarea" not in teacher.get("/pulse?to=office").text, "no administrator is a reader"
    assert "<textarea" in teacher.get(f"/pulse?to={COACH}").text
    for reader in ("office", "never-was", "only-teaches"):
        sent = teacher.post("/pulse/words", data={"reader": reader, "text": "x"})
        assert sent.status_code == 422
    words = "More time for this, please."
    assert teacher.post("/pulse/words", data={"reader": COACH, "text": words}).status_code == 303
    assert words in teacher.get("/pulse").text
    assert words in coach.get("/pulse").text
    assert "1 text was written to you alone" in coach.get("/").text
    assert words not in office.get("/pulse").text
    (kept,) = stores.pulse.written_to(COACH)
    office.post("/pulse/words/remove", data={"words": kept.id})
    assert stores.pulse.written_to(COACH) == [kept], "only reader and writer remove it"
    coach.post("/pulse/words/remove", data={"words": kept.id})
    assert words not in coach.get("/pulse").text


def test_empty_words_are_a_sentence_and_long_ones_stay_in_the_field(teacher, stores):
    add_person(stores.people, "reads", "coach")
    empty = teacher.post("/pulse/words", data={"reader": "reads", "text": " "})
    assert (empty.status_code, "Write something first." in empty.text) == (422, True)
    long = teacher.post("/pulse/words", data={"reader": "reads", "text": "a" * 1_001})
    assert (long.status_code, "a" * 1_001 in long.text) == (422, True)


def test_old_deeds_of_other_days_are_dated(teacher, stores):
    stores.pulse.add_deed(Deed(id="d", site="", day=MONDAY, said="s", did="d"), BY)
    assert "17 November 2025" in plain(teacher.get("/").text)
