"""Who sees a topic, and why two are suggested to each other: by what they say, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import school.matching
from school.matching.records import AUDIENCES, SUBJECTS, TOPICS, ColleagueTag
from school.matching.suggesting import Reason, is_shown, reasons

SITES = {"ada": "ash", "lee": "ash", "kim": "birch"}


def tag(kind: str, topic: str = "changes", person: str = "ada", **more: str) -> ColleagueTag:
    return ColleagueTag(person=person, kind=kind, topic=topic, **more)


@pytest.mark.parametrize(
    ("audience", "seen_by"),
    (
        ("nobody", {"ada"}),
        ("coach", {"ada", "bo"}),
        ("school", {"ada", "bo", "lee"}),
        ("everybody", {"ada", "bo", "lee", "kim"}),
    ),
)
def test_each_audience_has_the_one_before_it(audience: str, seen_by: set[str]) -> None:
    assert set(AUDIENCES) == {"nobody", "coach", "school", "everybody"}
    shown = tag("needs", audience=audience, coach="bo")
    assert {each for each in ("ada", "bo", "lee", "kim") if is_shown(shown, each, SITES)} == seen_by


def test_a_person_without_a_school_has_no_colleagues_where_others_have_one() -> None:
    assert not is_shown(tag("needs", person="bo", audience="school"), "zoe", SITES)
    assert is_shown(tag("needs", person="bo", audience="school"), "zoe", {})
    assert not is_shown(tag("needs", audience="nobody", coach="lee"), "lee", {})


@pytest.mark.parametrize(
    ("own", "theirs", "why"),
    (
        ("needs", "strengths", ["they_offer"]),
        ("focus", "strengths", ["they_offer_work"]),
        ("strengths", "needs", ["you_offer"]),
        ("strengths", "focus", ["you_offer_work"]),
        ("focus", "focus", ["both_work"]),
        ("needs", "focus", ["they_work"]),
        ("focus", "needs", ["you_work"]),
        ("needs", "needs", ["both_look"]),
        ("strengths", "strengths", []),
    ),
)
def test_why_two_fit(own: str, theirs: str, why: list[str]) -> None:
    found = reasons([tag(own)], [tag(theirs, person="kim")])
    assert found == [Reason(why=each, topic="changes") for each in why]
    assert reasons([tag(own, "noise")], [tag(theirs, person="kim")]) == []


def test_reasons_come_in_the_order_of_the_list() -> None:
    topics = [*TOPICS, *SUBJECTS]
    own = [tag("needs", topic) for topic in reversed(topics)]
    theirs = [tag("strengths", topic, "kim") for topic in topics]
    assert [each.topic for each in reasons(own, theirs)] == topics
    assert not set(TOPICS) & set(SUBJECTS)


def test_nothing_that_was_sensed_or_scored_can_reach_a_suggestion() -> None:
    for name in ("records", "store", "suggesting", "tables"):
        path = Path(school.matching.__path__[0]) / f"{name}.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                parts = node.module.split(".")
                assert parts[0] in {"__future__", "collections", "contract", "dataclasses", "school",
                                    "sqlalchemy", "types", "typing"}, node.module  # fmt: skip
                if parts[0] == "school" and len(parts) > 2:
                    assert parts[1] in {"matching", "cycle"}, node.module
