"""What a teacher hands to their next coach, in each database: what they named, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.errors import UsageError
from school import School
from school.audit.actor import Actor
from school.clips.records import Clip
from school.cycle.records import CycleText
from school.debrief.records import StepText
from school.observing.records import Look
from school.observing.rota import Turn
from school.rooms.records import Site
from school.sharing.giving import MAX_FOR_GUESTS
from school.sharing.handing_over import Pack
from tests.conformance.ada import BY, LESSON

ADA = Actor(name="ada", person="ada", utc_ns=70)
KIM = Actor(name="kim", person="kim", utc_ns=70)
NOW_NS, UNTIL_NS = 5_000, 9_000
NEXT = Pack(coach="lee", until_utc_ns=UNTIL_NS)


@pytest.fixture
def school(pair: tuple[School, School]) -> School:
    """Kim coaches Ada: a cycle, a lesson and a step. Lee is the next coach."""
    one, _ = pair
    one.people.add("lee", "lee", ["coach"], BY, person_id="lee")
    one.sharing.cycles.write(CycleText(focus="Calm changes"), "kim", ADA)
    for lesson in (LESSON.id, "art"):
        one.sharing.share(lesson, "kim", ADA, until_utc_ns=UNTIL_NS, utc_ns=NOW_NS)
    one.sharing.steps.write(LESSON.id, StepText(what="Say how long it takes"), ADA)
    return one


def step_of(school: School) -> str:
    return school.hand_overs.choices("ada")[0].id


def has(school: School, coach: str) -> tuple[int, list[str], list[str]]:
    """How many cycles, which lessons and which steps a coach has."""
    return (
        len(school.sharing.cycles.of_coach(coach)),
        sorted(school.sharing.shared_until(coach, NOW_NS, [LESSON.id, "art"])),
        [each.what for each in school.hand_overs.steps_to(coach, NOW_NS)],
    )


def test_each_item_comes_alone(school: School) -> None:
    assert has(school, "lee") == (0, [], [])
    school.hand_overs.hand_over(replace(NEXT, steps=(step_of(school),)), ADA, NOW_NS)
    assert has(school, "lee") == (0, [], ["Say how long it takes"])
    school.hand_overs.hand_over(replace(NEXT, lessons=("art",)), ADA, NOW_NS)
    assert has(school, "lee") == (0, ["art"], ["Say how long it takes"])
    assert has(school, "kim")[0] == 1
    school.hand_overs.hand_over(replace(NEXT, has_cycle=True), ADA, NOW_NS)
    assert has(school, "lee") == (1, ["art"], ["Say how long it takes"])
    assert has(school, "kim") == (0, ["art", LESSON.id], [])


def test_the_former_coach_loses_all_of_this_teacher(school: School) -> None:
    step = step_of(school)
    school.hand_overs.hand_over(
        Pack(coach="kim", until_utc_ns=UNTIL_NS, steps=(step,)), ADA, NOW_NS
    )
    school.hand_overs.hand_over(
        replace(NEXT, lessons=("art",), former="kim"), ADA, NOW_NS
    )  # fmt: skip
    assert has(school, "kim") == (0, [], [])
    assert has(school, "lee") == (0, ["art"], [])
    opened = school.sharing.cycles.open_cycle("ada")
    assert opened is not None
    assert opened.coach is None


def test_the_former_coach_loses_the_clips_that_this_teacher_chose_them_for(school: School) -> None:
    clip = Clip(
        id="k" * 32, lesson=LESSON.id, person="ada", title="a question", video="v", start_s=1.0,
        end_s=9.0, shows="both", file="g" * 32, consent="c" * 32, until_utc_ns=UNTIL_NS,
        created_utc_ns=70,
    )  # fmt: skip
    school.clips.add(clip, ["kim", "lee"], ADA)
    school.hand_overs.hand_over(replace(NEXT, lessons=("art",), former="kim"), ADA, NOW_NS)
    assert [each.person for each in school.clips.viewers([clip])[clip.id]] == ["lee"]
    (said,) = [
        entry
        for entry in school.audit.of_lesson(LESSON.id, 50)
        if "stopped showing a clip" in entry.sentence_on(LESSON.id)
    ]
    assert "kim" in said.sentence_on(LESSON.id).lower()


def test_the_former_coach_observes_this_teachers_lessons_no_longer(school: School) -> None:
    turn = Turn("door", 0, 20)
    for person in ("kim", "lee"):
        school.sharing.observers.ask("art", person, ADA)
        saw = Look(id=person, start_s=0, answer="few", said_ms=1)
        assert school.sharing.observers.keep("art", person, [(turn, saw)], 7)
    school.hand_overs.hand_over(replace(NEXT, lessons=("art",), former="kim"), ADA, NOW_NS)
    assert not school.sharing.observers.is_asked("art", "kim")
    assert school.sharing.observers.of_person("kim") == []
    assert school.sharing.observers.looks_of("kim") == []
    assert school.sharing.observers.is_asked("art", "lee")
    assert len(school.sharing.observers.looks_of("lee")) == 1
    said = [entry.sentence for entry in school.audit.of_lesson("art", 50)]
    assert "Ada took back the request to kim to observe lesson art: 1 look was removed" in said


def test_what_the_former_coach_proposes_goes(school: School) -> None:
    school.sharing.cycles.propose("art", CycleText(focus="Louder voices"), KIM)
    assert len(school.sharing.cycles.of_coach("kim")) == 2
    school.hand_overs.hand_over(replace(NEXT, lessons=("art",), former="kim"), ADA, NOW_NS)
    assert school.sharing.cycles.of_coach("kim") == []
    assert [each.state for each in school.sharing.cycles.of_teacher("ada")] == ["open"]


def test_a_step_is_hidden_with_its_lesson(school: School) -> None:
    step = step_of(school)
    pack = replace(NEXT, steps=(step,))
    school.hand_overs.hand_over(pack, ADA, NOW_NS)
    school.sharing.teacher.hide(LESSON.id, ADA)
    assert has(school, "lee") == (0, [], [])
    held = school.people.held.of_person("sharing.json", "lee", None, NOW_NS)
    assert held["next_steps_handed_over_to_you"] == []
    (passed,) = school.hand_overs.steps_by("ada", NOW_NS)
    assert passed.is_hidden, "its teacher sees it, and can take it back"
    assert school.hand_overs.choices("ada") == []
    with pytest.raises(UsageError, match="its lesson is hidden"):
        school.hand_overs.hand_over(pack, ADA, NOW_NS)
    school.sharing.teacher.unhide(LESSON.id, ADA)
    assert has(school, "lee") == (0, [], ["Say how long it takes"])


@pytest.mark.parametrize(("is_hidden", "read"), ((False, ["Say how long it takes"]), (True, [])))
def test_a_hidden_lesson_that_goes_shows_its_step_to_nobody(
    school: School, is_hidden: bool, read: list[str]
) -> None:
    school.hand_overs.hand_over(replace(NEXT, steps=(step_of(school),)), ADA, NOW_NS)
    if is_hidden:
        school.sharing.teacher.hide(LESSON.id, ADA)
    school.lessons.purge(lessons=[LESSON.id])
    assert has(school, "lee") == (0, [], read)
    assert [each.lesson for each in school.hand_overs.choices("ada")] == [None]


def sentences(school: School) -> list[str]:
    return [entry.sentence for entry in school.audit.latest(50)]


def test_a_step_that_is_taken_back_is_in_the_audit_log(school: School) -> None:
    taken = "Ada took back next steps that were handed over to lee"
    pack = replace(NEXT, steps=(step_of(school),))
    school.hand_overs.hand_over(pack, ADA, NOW_NS)
    school.hand_overs.take_back(step_of(school), "lee", KIM)
    assert taken not in sentences(school), "nothing of Kim's was"
    school.hand_overs.take_back(step_of(school), "lee", ADA)
    school.hand_overs.take_back(step_of(school), "lee", ADA)
    assert sentences(school).count(taken) == 1
    school.hand_overs.hand_over(pack, ADA, NOW_NS)
    school.hand_overs.hand_over(
        Pack(coach="kim", until_utc_ns=UNTIL_NS, lessons=("art",), former="lee"), ADA, NOW_NS
    )
    assert sentences(school).count(taken) == 2


def test_what_each_person_has_is_what_they_lose(school: School) -> None:
    school.sharing.observers.ask("art", "lee", ADA)
    given = school.hand_overs.given_by("ada", NOW_NS)
    assert sorted(one.id for one, _ in given["kim"].lessons) == ["art", LESSON.id]
    assert [one.id for one in given["lee"].asked] == ["art"]
    school.sharing.teacher.hide("art", ADA)
    given = school.hand_overs.given_by("ada", NOW_NS)
    assert [one.id for one, _ in given["kim"].lessons] == [LESSON.id]
    assert "lee" not in given
    school.hand_overs.hand_over(replace(NEXT, lessons=(LESSON.id,), former="kim"), ADA, NOW_NS)
    school.sharing.teacher.unhide("art", ADA)
    assert set(school.hand_overs.given_by("ada", NOW_NS)) == {"lee"}, "hidden ones ended as well"


def test_a_step_ends_and_can_be_taken_back(school: School) -> None:
    step = step_of(school)
    school.hand_overs.hand_over(replace(NEXT, steps=(step,)), ADA, NOW_NS)
    assert [each.until_utc_ns for each in school.hand_overs.steps_by("ada", NOW_NS)] == [UNTIL_NS]
    assert school.hand_overs.steps_to("lee", UNTIL_NS) == []
    school.hand_overs.take_back(step, "lee", KIM)
    assert len(school.hand_overs.steps_to("lee", NOW_NS)) == 1, "only whose step it is"
    school.hand_overs.take_back(step, "lee", ADA)
    assert school.hand_overs.steps_to("lee", NOW_NS) == []


def test_an_export_has_a_step_as_its_coach_reads_it_and_for_as_long(school: School) -> None:
    school.hand_overs.hand_over(replace(NEXT, steps=(step_of(school),)), ADA, NOW_NS)

    def held(utc_ns: int) -> list[dict[str, object]]:
        found = school.people.held.of_person("sharing.json", "lee", None, utc_ns)
        return found["next_steps_handed_over_to_you"]

    (row,) = held(UNTIL_NS - 1)
    assert (row["what"], row["by"]) == ("Say how long it takes", "ada")
    assert set(row) == {"what", "until", "by"}, "neither when nor how it went"
    assert held(UNTIL_NS) == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    (
        ({}, "Choose something"),
        ({"steps": ("of-somebody-else",)}, "One of these steps is gone"),
        ({"lessons": ("art", "of-somebody-else")}, "One of these lessons is not yours"),
        ({"lessons": ("art",), "coach": "ada"}, "Choose the coach"),
        ({"lessons": ("art",), "coach": "never-was"}, "Choose the coach"),
        ({"lessons": ("art",), "former": "never-was"}, "no such person"),
        ({"lessons": ("art",), "former": "lee"}, "can’t lose at the same time"),
    ),
)
def test_what_is_wrong_hands_nothing_over(
    school: School, wrong: dict[str, object], words: str
) -> None:
    pack = replace(NEXT, **wrong)  # type: ignore[arg-type]
    if "steps" not in wrong and wrong:
        pack = replace(pack, steps=(step_of(school),), has_cycle=True)
    with pytest.raises(UsageError, match=words):
        school.hand_overs.hand_over(pack, ADA, NOW_NS)
    assert has(school, "lee") == (0, [], [])
    assert has(school, "kim") == (1, ["art", LESSON.id], [])


def test_a_pack_gives_a_coach_of_elsewhere_no_more_lessons_than_a_share(school: School) -> None:
    for name in ("ash", "birch"):
        school.rooms.add_site(Site(name=name), BY)
    school.programme.put_people({"ada": "ash", "lee": "birch"}, BY)
    names = [f"l-{number}" for number in range(MAX_FOR_GUESTS + 1)]
    for number, name in enumerate(names):
        starts = 10_000 * (number + 1)
        school.lessons.put(replace(LESSON, id=name, starts_utc_ns=starts, ends_utc_ns=starts + 9))
    with pytest.raises(UsageError, match="lee is not of your school and sees 5"):
        school.hand_overs.hand_over(replace(NEXT, lessons=tuple(names)), ADA, NOW_NS)
    assert school.sharing.shared_until("lee", NOW_NS, names) == {}
    school.hand_overs.hand_over(replace(NEXT, lessons=tuple(names[1:])), ADA, NOW_NS)
    assert len(school.sharing.shared_until("lee", NOW_NS, names)) == MAX_FOR_GUESTS


def test_what_was_handed_over_goes_with_either(school: School) -> None:
    school.hand_overs.hand_over(replace(NEXT, steps=(step_of(school),)), ADA, NOW_NS)
    school.people.leaving.leave("lee", ADA, utc_ns=90)
    assert school.hand_overs.steps_by("ada", NOW_NS) == []


def test_a_pack_that_is_over_goes_as_old_as_the_school_keeps_it(school: School) -> None:
    school.hand_overs.hand_over(replace(NEXT, steps=(step_of(school),)), ADA, NOW_NS)
    for before_utc_ns, left in ((UNTIL_NS, 1), (UNTIL_NS + 1, 0)):
        school.lessons.retire_words(before_utc_ns=before_utc_ns, most=100)
        assert len(school.hand_overs.steps_by("ada", 0)) == left
    assert step_of(school), "the step itself is open, and stays"
