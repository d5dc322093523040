"""What scoring does at its limits: too many lessons at once, and a lesson that nobody ends."""

from __future__ import annotations

from dataclasses import replace

from contract.lesson import Zone
from ingest.stores.records import AlertRecord, EpochRecord
from school.lessons.records import Lesson
from tests.ingest.node import SECOND_NS, Node
from tests.ingest.school import LENGTH, LOUD, NODE, SEATS, WHOLE, School

ZONES = (Zone(name="left", seats=SEATS[:6]), Zone(name="right", seats=SEATS[6:]))


def add_room(school: School, number: int) -> Node:
    """Another room, with a kit and a lesson of its own."""
    node = replace(NODE, room=f"r{number}", node=f"kit-{number}", boot=f"boot-{number}")
    school.lessons.put(replace(school.lesson, id=f"lesson-{number}", room=node.room, zones=ZONES))
    school.keep(node.birth(), node.timebase(school.clock.utc_at_boot_ns))
    return node


def in_memory(school: School) -> list[str]:
    """Lessons, the one untouched for longest first."""
    return [lesson for lesson, _ in school.following._states]


def scores_of(school: School, lesson: str) -> tuple[list[EpochRecord], list[AlertRecord]]:
    return school.scores.epochs(lesson), school.scores.alerts(lesson)


def test_the_lesson_untouched_for_longest_leaves_memory() -> None:
    school = School(max_open=2)
    second, third = add_room(school, 2), add_room(school, 3)
    school.live(range(5))
    school.live(range(5), second)
    school.live(range(5, 10))
    assert in_memory(school) == ["lesson-2", "lesson-1"]
    school.live(range(5), third)
    assert in_memory(school) == ["lesson-1", "lesson-3"]


def test_a_lesson_that_left_memory_is_built_anew_and_comes_out_the_same() -> None:
    """Put out in the middle of an epoch, before an alert, while it stands, and after it."""
    school = School(max_open=1)
    other = add_room(school, 2)
    cuts = (3, 103, LOUD.start + 2, LOUD.start + 50, LOUD.stop + 40)
    first = 0
    for cut in cuts:
        school.live(range(first, cut))
        assert in_memory(school) == ["lesson-1"]
        school.live(range(first, cut), other)
        assert in_memory(school) == ["lesson-2"]
        first = cut
    school.live(range(first, LENGTH))
    school.settle()
    assert repr(school.epochs) == repr(WHOLE.epochs)
    assert school.alerts == WHOLE.alerts
    epochs, alerts = scores_of(school, "lesson-2")
    assert repr([epoch.zones for epoch in epochs]) == repr(
        [epoch.zones for epoch in WHOLE.epochs[: cuts[-1] // 5]]
    )
    assert [(alert.zone, alert.raised_utc_ns, alert.cleared_utc_ns) for alert in alerts] == [
        (alert.zone, alert.raised_utc_ns, alert.cleared_utc_ns) for alert in WHOLE.alerts
    ]


def test_a_lesson_that_nobody_ends_stops_at_its_longest() -> None:
    longest_s = 200
    school = School(longest_h=longest_s / 3_600)
    school.lessons.put(replace(school.lesson, ends_utc_ns=None))
    school.live(range(LENGTH))
    school.settle()
    assert repr(school.epochs) == repr(WHOLE.epochs[: longest_s // 5])
    assert school.alerts == []  # it gets loud later


def test_what_comes_after_the_longest_lesson_can_be_a_lesson_of_its_own() -> None:
    longest_s = 200
    school = School(longest_h=longest_s / 3_600)
    begun: Lesson = replace(school.lesson, ends_utc_ns=None)
    school.lessons.put(begun)
    later_ns = begun.starts_utc_ns + longest_s * SECOND_NS
    school.lessons.put(replace(begun, id="lesson-2", starts_utc_ns=later_ns))
    school.live(range(longest_s + 100))
    assert school.epochs[-1].first_seq == longest_s - 5
    epochs, _ = scores_of(school, "lesson-2")
    assert [epoch.first_seq for epoch in epochs] == list(range(longest_s, longest_s + 100, 5))
