"""What the stores of plans and standards do, in each database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from school import School
from school.plans.records import Phase, PlanChangedError, Standard
from tests.conformance.ada import ADA, BY, KIM

WARM_UP = Phase(name="Warm-up", minutes=10)
TASK = Phase(name="Group task", minutes=25, standards=("5.NF.A.1",))


def test_two_windows_overwrite_nothing(pair: tuple[School, School]) -> None:
    one, other = (school.sharing.plans for school in pair)
    assert one.of_lesson("maths") is None
    first = one.write("maths", [WARM_UP, TASK], 0, ADA)
    assert other.of_lesson("maths") == first
    assert (first.phases, first.revision, first.person) == ((WARM_UP, TASK), 1, "ada")
    with pytest.raises(PlanChangedError):
        other.write("maths", [TASK], 0, ADA)
    with pytest.raises(PlanChangedError):
        other.begin("maths", 0, 2, "ada", 30)
    with pytest.raises(PlanChangedError):
        other.begin("maths", 2, 1, "ada", 30)
    assert other.of_lesson("maths") == first
    other.remove("maths", ADA)
    other.remove("maths", ADA)
    with pytest.raises(PlanChangedError):
        one.begin("maths", 0, 1, "ada", 30)
    done = [each.action for each in pair[0].audit.of_lesson("maths", limit=9)]
    assert done == ["removed_plan", "wrote_plan"]


def test_what_was_said_of_a_phase_stays_with_it(pair: tuple[School, School]) -> None:
    plans = pair[0].sharing.plans
    plans.write("maths", [WARM_UP, TASK], 0, ADA)
    plans.begin("maths", 0, 1, "ada", 40)
    said = plans.leave_out("maths", 1, 1, "ada")
    began, absent = replace(WARM_UP, began_s=40), replace(TASK, is_absent=True)
    assert said.phases == (began, absent)
    share = Phase(name="Share", minutes=5)
    changed = plans.write("maths", [share, WARM_UP, replace(TASK, minutes=20)], 1, ADA)
    assert changed.phases == (share, began, replace(TASK, minutes=20))
    # Nobody knows any more when it began.
    assert plans.begin("maths", 1, 2, "ada", None).phases[1] == WARM_UP


def test_a_plan_is_shown_while_its_writer_has_the_lesson(pair: tuple[School, School]) -> None:
    one, _ = pair
    one.sharing.plans.write("maths", [WARM_UP], 0, ADA)
    one.sharing.handovers.offer("maths", "kim", ADA)
    assert one.sharing.handovers.accept("maths", KIM)
    assert one.sharing.plans.of_lesson("maths") is None
    mine = one.sharing.plans.write("maths", [TASK], 0, KIM)
    assert one.sharing.plans.of_lesson("maths") == mine


def test_a_plan_goes_with_its_lesson(pair: tuple[School, School]) -> None:
    one, other = pair
    one.sharing.plans.write("maths", [WARM_UP], 0, ADA)
    one.lessons.purge(lessons=["maths"])
    assert other.sharing.plans.of_lesson("maths") is None


def test_standards_are_found_by_code_and_words(pair: tuple[School, School]) -> None:
    one, other = (school.sharing.standards for school in pair)
    assert one.code_of("anything") == "anything"
    adds = Standard(framework="Maths", code="5.NF.A.1", words="Add Fractions")
    solves = Standard(framework="Maths", code="5.NF.A.2", words="Solve 50 % of word problems")
    assert one.replace("Maths", [adds, solves]) == 0
    assert one.replace("Own", [replace(adds, framework="Own", words="Ours")]) == 0
    assert other.frameworks() == {"Maths": 2, "Own": 1}
    assert other.code_of("5.nf.a.1.") == "5.NF.A.1"
    assert other.code_of("anything") is None
    assert other.words_of(["5.NF.A.1", "gone"]) == {"5.NF.A.1": "Add Fractions"}
    assert other.words_of([]) == {}
    assert other.search("NF fractions") == [adds]
    assert other.search("#5.nf.a.2") == other.search("%") == [solves]
    assert other.search("_") == []
    assert len(other.search("")) == 3
    assert len(other.search("", limit=2)) == 2
    assert one.replace("Maths", [solves]) == 2
    assert other.code_of("5.NF.A.2") == "5.NF.A.2"
    assert one.remove("Own") == 1
    assert other.code_of("5.NF.A.1") is None


def test_standards_are_found_whatever_the_case_of_their_letters(
    pair: tuple[School, School],
) -> None:
    one, other = (school.sharing.standards for school in pair)
    school_words = Standard(framework="Geo", code="É.1", words="Décrire l’École et l’ÎLE")
    greek = Standard(framework="Geo", code="G.2", words="Die Straße, ΛΌΓΟΣ")
    one.replace("Geo", [school_words, greek])
    for wanted in ("école", "ÉCOLE", "île DÉCRIRE", "é.1", "#É.1", "école l’"):
        assert other.search(wanted) == [school_words], wanted
    assert other.search("STRASSE straße") == []  # only one of the two is ASCII, and stands there
    assert other.search("STRAßE") == other.search("λόγος") == [greek]
    assert other.search("école straße") == []
    assert other.search("é", limit=1) == [school_words]


def test_the_writer_is_a_person(pair: tuple[School, School]) -> None:
    with pytest.raises(AssertionError):
        pair[0].sharing.plans.write("maths", [WARM_UP], 0, BY)


def test_a_plan_is_kept_as_long_as_the_notes_of_its_lesson(pair: tuple[School, School]) -> None:
    one, other = pair
    one.sharing.plans.write("maths", [WARM_UP], 0, ADA)
    assert one.lessons.retire_words(before_utc_ns=1_000, most=9) == 0
    assert one.lessons.retire_words(before_utc_ns=1_001, most=9) == 1
    assert other.sharing.plans.of_lesson("maths") is None
