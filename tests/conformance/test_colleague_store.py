"""What people say of themselves by topic, in each database."""

from __future__ import annotations

import pytest

from contract.errors import UsageError
from school import School
from school.audit.actor import Actor
from school.cycle.records import CycleText
from school.matching.records import MAX_TOPICS, TOPICS, ColleagueTag

ADA = Actor(name="ada", person="ada", utc_ns=70)


def test_what_is_said_of_a_kind_takes_the_place_of_what_was(pair: tuple[School, School]) -> None:
    one, other = pair
    one.colleagues.put("ada", "needs", ["tools", "changes", "tools"], "school")
    other.colleagues.put("ada", "strengths", ["noise"], "nobody")
    assert one.colleagues.of("ada") == [
        ColleagueTag(person="ada", kind="needs", topic="changes", audience="school"),
        ColleagueTag(person="ada", kind="needs", topic="tools", audience="school"),
        ColleagueTag(person="ada", kind="strengths", topic="noise"),
    ]
    one.colleagues.put("ada", "needs", ["talk"], "coach")
    one.colleagues.put("ada", "strengths", [], "everybody")
    assert [(each.topic, each.audience) for each in other.colleagues.of("ada")] == [
        ("talk", "coach")
    ]


def test_others_get_nothing_that_is_for_nobody(pair: tuple[School, School]) -> None:
    one, _ = pair
    one.colleagues.put("ada", "needs", ["tools"], "nobody")
    one.colleagues.put("ada", "strengths", ["noise"], "everybody")
    assert [each.topic for each in one.colleagues.of_others("kim")] == ["noise"]
    assert one.colleagues.of_others("ada") == []
    one.people.leaving.leave("ada", ADA, utc_ns=90)
    assert one.colleagues.of_others("kim") == one.colleagues.of("ada") == []


def test_a_focus_is_of_the_open_cycle_and_ends_with_it(pair: tuple[School, School]) -> None:
    one, other = pair
    with pytest.raises(UsageError, match="no open cycle"):
        one.colleagues.put("ada", "focus", ["changes"], "everybody")
    cycle = one.sharing.cycles.write(CycleText(focus="Calm changes"), "kim", ADA)
    one.colleagues.put("ada", "focus", ["changes"], "everybody")
    (tag,) = other.colleagues.of_others("kim")
    assert (tag.cycle, tag.coach) == (cycle.id, "kim")
    one.sharing.cycles.close(cycle.id, ADA)
    assert one.colleagues.of("ada") == one.colleagues.of_others("kim") == []
    later = one.sharing.cycles.write(CycleText(focus="Noise"), None, ADA)
    assert one.colleagues.of("ada") == []
    one.colleagues.put("ada", "focus", ["noise"], "everybody")
    one.sharing.cycles.remove(later.id, ADA)
    assert one.colleagues.of("ada") == []


@pytest.mark.parametrize(
    ("kind", "topics", "audience", "words"),
    (
        ("needs", ["Tim in 7b"], "school", "topics of the list"),
        ("needs", list(TOPICS)[: MAX_TOPICS + 1], "school", "5 at most"),
        ("focus", ["changes", "noise"], "school", "1 at most"),
        ("scores", ["changes"], "school", "Choose what it is"),
        ("needs", ["changes"], "the world", "Choose what it is"),
    ),
)
def test_what_does_not_fit_changes_nothing(
    pair: tuple[School, School], kind: str, topics: list[str], audience: str, words: str
) -> None:
    one, _ = pair
    one.colleagues.put("ada", "needs", ["talk"], "coach")
    with pytest.raises(UsageError, match=words):
        one.colleagues.put("ada", kind, topics, audience)  # type: ignore[arg-type]
    assert [each.topic for each in one.colleagues.of("ada")] == ["talk"]
