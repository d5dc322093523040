"""Clips and whom they are shown to, in each database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from school.audit.actor import Actor
from school.clips.records import Clip
from school.lessons.records import Lesson

ADA = Actor(name="Ada", utc_ns=70, person="ada")
CLIP = Clip(
    id="k" * 32, lesson="maths-1", person="ada", title="a question", video="v", start_s=61.5,
    end_s=90.0, shows="both", file="g" * 32, consent="c" * 32, until_utc_ns=200, created_utc_ns=70,
)  # fmt: skip


@pytest.fixture
def schools(programs: Any) -> Any:
    one, _ = programs
    for person in ("ada", "kim"):
        one.people.add(person, person, ["teacher"], ADA, person_id=person)
    one.sharing.tie_name("Ms Ada", "ada", ADA)
    one.lessons.put(
        Lesson(
            id="maths-1", room="204", teacher="Ms Ada", title="", starts_utc_ns=1, ends_utc_ns=9,
            source="button",
        )
    )  # fmt: skip
    return programs


def test_a_clip_is_shown_once_it_is_cut_and_until_its_end(schools: Any) -> None:
    one, other = schools
    one.clips.add(CLIP, ["kim"], ADA)
    assert other.clips.waiting() == [CLIP]
    assert other.clips.shown_to("kim", 100) == []
    assert other.clips.settle(CLIP, state="ready", size=12)
    assert not one.clips.settle(CLIP, state="refused")
    ready = replace(CLIP, state="ready", size=12)
    assert one.clips.shown_to("kim", 199) == [ready] == one.clips.made_by("ada", 199)
    assert one.clips.shown_to("kim", 200) == [] == one.clips.shown_to("ada", 100)
    assert one.clips.ended(199) == []
    assert one.clips.ended(200) == [ready]
    assert [each.name for each in one.clips.viewers([ready])[CLIP.id]] == ["kim"]
    one.clips.end_showing(ready, "kim", ADA)
    assert other.clips.shown_to("kim", 100) == []


def test_an_export_lists_the_clips_that_its_reader_may_watch(schools: Any) -> None:
    one, other = schools

    def shown(utc_ns: int) -> list[str]:
        held = other.people.held.of_person("sharing.json", "kim", None, utc_ns)
        return [row["title"] for row in held["clips_shown_to_you"]]

    one.clips.add(CLIP, ["kim"], ADA)
    assert shown(100) == []  # it is not cut yet
    one.clips.settle(CLIP, state="ready", size=12)
    assert shown(199) == ["a question"]
    assert shown(200) == []
    one.sharing.teacher.hide("maths-1", ADA)
    assert shown(100) == []
    one.sharing.teacher.unhide("maths-1", ADA)
    one.people.leaving.leave("ada", ADA, utc_ns=100)
    assert shown(100) == []


def test_an_export_lists_the_clips_that_its_reader_may_watch_in_a_cohort(schools: Any) -> None:
    one, other = schools
    kim = Actor(name="Kim", utc_ns=60, person="kim")
    cohort = one.cohorts.make("Wait time", "Think first", Actor(name="Bo", utc_ns=60, person=None))
    for by in (kim, replace(ADA, utc_ns=60)):
        one.cohorts.invite(cohort, by.person, by)
        assert one.cohorts.join(cohort, by)
    one.clips.add(CLIP, [], ADA)
    one.clips.settle(CLIP, state="ready", size=12)

    def shown(person: str, utc_ns: int = 100) -> list[str]:
        held = other.people.held.of_person("account.json", person, None, utc_ns)
        return [row["title"] for row in held["clips_shown_to_you_in_cohorts"]]

    assert shown("kim") == []
    one.clips.in_cohorts.show(CLIP, cohort, ADA, consent="c" * 32)
    assert (shown("kim"), shown("ada"), shown("kim", 200)) == (["a question"], [], [])
    one.sharing.teacher.hide("maths-1", ADA)
    assert shown("kim") == []


def test_a_clip_goes_with_its_lesson(schools: Any) -> None:
    one, other = schools
    one.clips.add(CLIP, ["kim"], ADA)
    other.lessons.purge(lessons=["maths-1"], moments=[], purged_utc_ns=1)
    assert one.clips.every() == []


def test_of_a_teacher_who_leaves_nobody_sees_a_clip_and_it_goes_next(schools: Any) -> None:
    one, other = schools
    one.clips.add(CLIP, ["kim"], ADA)
    one.clips.settle(CLIP, state="ready", size=12)
    other.people.leaving.leave("ada", ADA, utc_ns=100)
    assert one.clips.shown_to("kim", 100) == []
    assert [each.title for each in one.clips.ended(1)] == [""]


def test_who_leaves_sees_no_clip_any_more(schools: Any) -> None:
    one, other = schools
    one.clips.add(CLIP, ["kim"], ADA)
    other.people.leaving.leave("kim", ADA, utc_ns=100)
    assert one.clips.viewers([CLIP]) == {CLIP.id: []}
