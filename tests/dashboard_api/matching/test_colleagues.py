"""The page on which colleagues find each other."""

from __future__ import annotations

import html
import re

import pytest

from school.cycle.records import CycleText
from school.matching.records import MAX_TOPICS
from school.rooms.records import Site
from tests.signed_in import BY, TEACHER, add_person, cookie

PATH = "/colleagues"


def cards(pages) -> list[str]:
    """What each colleague's card says."""
    found = re.findall(r"<article.*?</article>", pages.get(PATH).text, re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", each)).split()) for each in found]


def say(pages, kind: str, topic: str | list[str], audience: str = "everybody"):
    return pages.post(PATH, data={"kind": kind, "topic": topic, "audience": audience})


@pytest.fixture
def kim(client, filled, stores, clock):
    """A teacher of another school."""
    for name in ("north", "south"):
        stores.rooms.add_site(Site(name=name, title=f"{name.title()} School"), BY)
    add_person(stores.people, "kim", "teacher")
    stores.programme.put_people({TEACHER: "north", "kim": "south"}, BY)
    with client.browser(cookie(stores.people, clock.utc_ns(), "kim")) as pages:
        yield pages


def test_two_are_suggested_to_each_other_with_the_reason(client, kim):
    assert cards(client) == cards(kim) == []
    assert say(client, "needs", ["changes", "noise"]).headers["location"] == "/colleagues#needs"
    say(kim, "strengths", "changes")
    (card,) = cards(client)
    assert card.startswith(
        "kim South School You look for help with calm changes between phases, and kim offers it."
    )
    assert "Offers: calm changes between phases" in card
    (other,) = cards(kim)
    assert "looks for help with calm changes between phases, and you offer it." in other
    assert "Looks for: calm changes between phases and the noise of a room" in other


def test_the_page_says_how_many_topics_one_may_choose(client):
    assert f"Choose topics, {MAX_TOPICS} at most" in client.get(PATH).text


def test_who_shows_it_to_their_school_is_not_seen_in_another(client, kim, stores):
    say(client, "needs", "changes", "school")
    say(kim, "needs", "changes", "everybody")
    assert cards(kim) == []
    assert len(cards(client)) == 1
    assert "You both look for help with calm changes between phases." in cards(client)[0]
    stores.programme.put_people({"kim": "north"}, BY)
    assert len(cards(kim)) == 1
    say(client, "needs", "changes", "nobody")
    assert cards(kim) == []


def test_the_words_of_a_cycle_are_not_shown_only_the_topic(client, kim, stores):
    assert 'value="focus"' not in client.get(PATH).text
    for pages, person in ((client, TEACHER), (kim, "kim")):
        by = type(BY)(name=person, person=person, utc_ns=0)
        stores.sharing.cycles.write(CycleText(focus=f"Secret words of {person}"), None, by)
        assert say(pages, "focus", "changes").status_code == 303
    (card,) = cards(client)
    assert "You both work on calm changes between phases." in card
    assert "Secret" not in client.get(PATH).text


def test_who_fits_in_nothing_stands_below(client, kim):
    say(kim, "strengths", "music")
    text = client.get(PATH).text
    assert "There is none now." in text
    assert "Others who show you something" in text


def test_a_guest_is_invited_to_a_lesson_and_sees_that_one(client, kim, filled):
    assert "Invite kim" not in client.get(f"{PATH}?guest=kim").text, "kim shows nothing"
    say(kim, "strengths", "music")
    text = client.get(f"{PATH}?guest=kim").text
    assert "Invite kim to one lesson" in text
    address = f"/lessons/{filled.lesson.id}/sharing?person=kim"
    assert address in text
    assert '<option value="kim" selected>' in client.get(address).text
    assert kim.get(f"/lessons/{filled.lesson.id}").status_code == 404, "a link shares nothing"
    given = {"person": "kim", "until": "2025-11-20"}
    client.post(f"/lessons/{filled.lesson.id}/sharing", data=given)
    assert kim.get(f"/lessons/{filled.lesson.id}").status_code == 200


def test_who_does_not_coach_or_teach_any_more_is_not_shown(client, kim, stores):
    say(kim, "strengths", "music")
    assert len(cards(client)) == 1
    stores.people.set_roles("kim", ["technician"], BY)
    assert cards(client) == []


@pytest.mark.parametrize(
    ("topic", "words"),
    (("never-was", "Choose topics of the list."),
     (["changes", "noise", "talk", "tools", "words", "levels"], "Choose 5 at most.")),
    ids=str,
)  # fmt: skip
def test_what_does_not_fit_is_a_sentence(client, topic, words):
    answer = say(client, "needs", topic)
    assert answer.status_code == 422
    assert words in answer.text
