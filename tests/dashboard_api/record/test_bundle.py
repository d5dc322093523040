"""A lesson as one file, over HTTP: for each reader what they see of it."""

from __future__ import annotations

import re

from contract.lesson import SMALLEST_ZONE
from school.audit.actor import Actor
from school.bundle.file_format import bundle_text, read_bundle
from school.bundle.records import Content
from school.debrief.records import StepText
from school.debrief.reflection_store import Reflection
from school.moments.records import Moment, NoteTag, Reply
from school.sharing.cut import Span
from tests.dashboard_api.conftest import START_NS, Pages
from tests.signed_in import BY, COACH, TEACHER

FILE = "/lessons/sample/lesson.json"
ADA = Actor(name=TEACHER, utc_ns=START_NS, person=TEACHER)


def taken(pages: Pages) -> Content:
    answer = pages.get(FILE)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert 'filename="lesson.json"' in answer.headers["content-disposition"]
    found = read_bundle(answer.content, "it")
    assert bundle_text(found).encode() == answer.content
    return found


def fill(stores) -> None:
    stores.lessons.put_moment(
        Moment(id="secret-id", lesson="sample", start_s=310, end_s=330, note="Who begins?\nThe window",
               author=COACH, role="coach", kind="question", tags=(NoteTag(id="w", label="Wait"),))
    )  # fmt: skip
    stores.lessons.add_reply(
        Reply(id="r", lesson="sample", moment="secret-id", author=TEACHER, role="teacher",
              text="The table", written_utc_ns=START_NS)
    )  # fmt: skip
    stores.sharing.steps.write("sample", StepText(what="Begin early"), ADA)
    stores.sharing.guesses.put("sample", TEACHER, [(660, 780)], 240, 1)
    stores.sharing.reflections.save("sample", TEACHER, Reflection(keep="My own words"), 1)


def test_its_teacher_gets_all_of_it(client, coach, filled, stores) -> None:
    fill(stores)
    found = taken(client)
    assert (found.lesson.title, found.lesson.length_s) == ("Fractions, part 2", 3000)
    assert [one.name for one in found.lesson.activities][:2] == ["transition", "whole_class"]
    assert found.lesson.parts is None
    shown = client.get("/api/lessons/sample/moments").json()
    assert [one.title for one in found.moments] == [one["title"] for one in shown]
    (note,) = (one for one in found.moments if one.words.startswith("Who begins?"))
    assert (note.author, note.role, note.tags) == (COACH, "coach", ["Wait"])
    assert [each.text for each in note.replies] == ["The table"]
    assert [(each.what, each.state) for each in found.steps] == [("Begin early", "open")]
    assert found.guess is not None
    assert found.guess.settling_s == 240
    assert found.reflection is not None
    assert found.reflection.keep == "My own words"
    timeline = client.get("/api/lessons/sample/timeline?level_s=1").json()
    assert found.timeline is not None
    assert found.timeline.noise.mean == timeline["noise"]["mean"]
    assert found.timeline.movement.high == timeline["movement"]["high"]
    assert [zone.cells for zone in found.timeline.zones] == [z["cells"] for z in timeline["zones"]]
    assert all(zone.seats >= SMALLEST_ZONE for zone in found.timeline.zones)
    done = [e.sentence for e in stores.audit.of_person(TEACHER, 9) if e.action == "exported"]
    assert done == ["The-teacher exported lesson sample: all of it"]


def test_it_has_no_ids(client, filled, stores) -> None:
    fill(stores)
    text = client.get(FILE).text
    assert "secret-id" not in text
    assert not re.search(r'"(id|seat|node|hub|revision)"', text)


def test_a_coach_gets_what_is_shared_and_nothing_of_the_teachers_own(
    client, coach, filled, stores
) -> None:
    fill(stores)
    found = taken(coach)
    assert found.timeline is None
    assert found.reflection is None
    assert found.guess is None
    assert len(found.moments) == len(taken(client).moments)
    stores.sharing.guesses.show("sample", ADA, is_shown=True)
    assert taken(coach).guess is not None
    stores.sharing.share("sample", COACH, BY, until_utc_ns=START_NS * 2, spans=[Span(300, 600)])
    found = taken(coach)
    assert found.lesson.parts is not None
    assert [(part.start_s, part.end_s) for part in found.lesson.parts] == [(300, 600)]
    assert all(one.start_s >= 300 and one.end_s <= 600 for one in found.moments)
    assert all(one.start_s >= 300 and one.end_s <= 600 for one in found.lesson.activities)
    assert found.guess is not None
    assert (found.guess.spans, found.guess.settling_s) == ([], None)
    assert "My own words" not in coach.get(FILE).text


def test_before_a_guess_that_comes_first_there_is_nothing_measured(client, filled, stores) -> None:
    stores.sharing.guesses.begin(TEACHER, is_on=True)
    found = taken(client)
    assert found.timeline is None
    assert {one.kind for one in found.moments} == {"note"}
