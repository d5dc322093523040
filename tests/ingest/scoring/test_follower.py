"""Scoring over a store: as it comes, over restarts, over holes that fill, over late dates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contract.errors import StoreError
from contract.quantities.table import MISSING, SEAT_QUANTITIES, encode
from contract.wire.parts import gap_part, late_part
from ingest.stores.records import AlertRecord, EpochRecord
from tests.ingest.node import SECOND_NS
from tests.ingest.school import LENGTH, LOUD, NODE, SEATS, VALUES, WHOLE, School


def test_a_lesson_is_scored_as_it_comes() -> None:
    assert [epoch.first_seq for epoch in WHOLE.epochs] == list(range(0, LENGTH, 5))
    assert WHOLE.epochs[0].utc_ns == WHOLE.lesson.starts_utc_ns
    assert {epoch.model for epoch in WHOLE.epochs} == {"test-1"}
    last = WHOLE.epochs[-1]
    assert [zone.zone for zone in last.zones] == ["room", "left", "right"]
    loud = WHOLE.epochs[LOUD.start // 5 + 4].zones[0]
    assert loud.off_task > 0.9
    assert last.zones[0].off_task < 0.1


def test_an_alert_is_raised_once_and_cleared() -> None:
    rooms = [alert for alert in WHOLE.alerts if alert.zone == "room"]
    assert len(rooms) == 1
    (alert,) = rooms
    start = WHOLE.lesson.starts_utc_ns
    assert LOUD.start <= (alert.raised_utc_ns - start) / SECOND_NS < LOUD.start + 30
    assert alert.cleared_utc_ns is not None
    assert alert.because
    assert alert.off_task > 0.2
    assert {one.zone for one in WHOLE.alerts} == {"room", "left", "right"}


def first_seq(alert: AlertRecord) -> int:
    """The first seq of the epoch that raised it."""
    return int(alert.id.rpartition(".")[2])


@given(cuts=st.lists(st.integers(1, LENGTH - 1), min_size=1, max_size=3, unique=True))
@example(cuts=[309])
@settings(max_examples=6)
def test_a_restart_changes_neither_epochs_nor_alerts(cuts: list[int]) -> None:
    """A restart within the epoch that raises an alert delays it: that epoch is not live as a whole."""
    school = School()
    first = 0
    for cut in sorted(cuts):
        school.live(range(first, cut))
        school.start()
        first = cut
    school.live(range(first, LENGTH))
    assert repr(school.epochs) == repr(WHOLE.epochs)
    delayed = {
        alert.zone for alert in WHOLE.alerts if any(0 < cut - first_seq(alert) < 5 for cut in cuts)
    }
    assert [alert for alert in school.alerts if alert.zone not in delayed] == [
        alert for alert in WHOLE.alerts if alert.zone not in delayed
    ]
    due = {alert.zone: first_seq(alert) for alert in WHOLE.alerts}
    raised = {alert.zone: first_seq(alert) for alert in school.alerts}
    assert raised.keys() == due.keys()
    assert len(raised) == len(school.alerts)
    assert all(raised[zone] - due[zone] in {0, 5} for zone in delayed)


@given(
    cuts=st.lists(
        st.tuples(st.integers(1, LENGTH - 40), st.integers(0, 25)),
        min_size=1, max_size=3, unique_by=lambda cut: cut[0] // 40,
    )
)  # fmt: skip
@settings(max_examples=6)
def test_a_crash_and_some_seconds_without_a_scorer_raise_nothing_twice(
    cuts: list[tuple[int, int]],
) -> None:
    school = School()
    first = 0
    for start, away in sorted(cuts):
        cut = max(start, first)
        school.live(range(first, cut))
        for seq in range(cut, cut + away):
            school.clock.now_ns = (seq + 1) * SECOND_NS
            school.keep(NODE.batch(seq, values=VALUES[seq : seq + 1]))
        first = cut + away
        school.start()
    school.live(range(first, LENGTH))
    assert repr(school.epochs) == repr(WHOLE.epochs)
    assert sorted(alert.zone for alert in school.alerts) == ["left", "right", "room"]
    assert all(alert.cleared_utc_ns is not None for alert in school.alerts)


def with_seats_until(seats: Iterable[int], until: int) -> np.ndarray:
    """The lesson's values when nothing moves at these seats until their pupils come."""
    seat = NODE.layout.seat_values(VALUES).copy()
    still = encode(np.zeros((1, len(SEATS), len(SEAT_QUANTITIES))), "seat")[0]
    for number in seats:
        seat[:until, SEATS.index(number), 10:] = still[SEATS.index(number), 10:]
    return NODE.layout.rows(seat, NODE.layout.room_values(VALUES))


def zones_in(epochs: Iterable[EpochRecord]) -> set[tuple[str, ...]]:
    return {tuple(zone.zone for zone in epoch.zones) for epoch in epochs}


@pytest.mark.parametrize("restarts", (False, True))
def test_zones_hold_for_the_whole_lesson_when_it_is_over(
    monkeypatch: pytest.MonkeyPatch, *, restarts: bool
) -> None:
    """Three of six come late: live their zone is one with the next, afterwards it is its own."""
    monkeypatch.setattr("tests.ingest.school.VALUES", with_seats_until((1, 2, 3), 150))
    school = School()
    school.live(range(LENGTH))
    assert zones_in(school.epochs[-10:]) == {("room", "left + right")}
    before = school.alerts
    if restarts:
        school.start()
    school.settle()
    assert zones_in(school.epochs[:23]) == {("room",)}  # as it would be if it were scored afresh
    assert zones_in(school.epochs[23:]) == {("room", "left", "right")}
    assert [epoch.first_seq for epoch in school.epochs] == list(range(0, LENGTH, 5))
    assert school.alerts == before
    assert school.scores.cursor() == school.store.newest_cursor()
    written = school.scores.version()
    school.settle()
    assert school.scores.version() == written  # and it is done once


def test_zones_that_were_right_from_the_start_are_not_scored_again() -> None:
    school = School()
    school.live(range(LENGTH))
    written = school.scores.version()
    school.settle()
    assert school.scores.version() == written


def test_what_came_while_no_scorer_ran_is_scored_and_alerted_only_while_fresh() -> None:
    school = School()
    school.live(range(100))
    for seq in range(100, LENGTH):
        school.keep(NODE.batch(seq, values=VALUES[seq : seq + 1]))
    school.clock.now_ns = LENGTH * SECOND_NS
    school.start()
    school.following.step()
    assert repr(school.epochs) == repr(WHOLE.epochs)
    assert school.alerts == []


def test_what_still_stands_after_a_time_without_a_scorer_is_raised_with_the_first_live_epoch() -> (
    None
):
    school = School()
    school.live(range(100))
    for seq in range(100, LOUD.start + 40):
        school.keep(NODE.batch(seq, values=VALUES[seq : seq + 1]))
    school.clock.now_ns = (LOUD.start + 40) * SECOND_NS
    school.start()
    school.following.step()
    assert school.alerts == []
    school.live(range(LOUD.start + 40, LENGTH))
    raised = {alert.raised_utc_ns for alert in school.alerts if alert.zone == "room"}
    assert raised == {school.lesson.starts_utc_ns + (LOUD.start + 40) * SECOND_NS}
    assert repr(school.epochs) == repr(WHOLE.epochs)


@pytest.mark.parametrize("cut", (103, LOUD.start + 2, LOUD.start + 50))
def test_a_recording_of_another_year_is_alerted_after_a_restart_as_well(cut: int) -> None:
    school = School()
    school.clock.utc_at_boot_ns += 8 * 365 * 86_400 * SECOND_NS  # its readings are eight years old
    school.live(range(cut))
    school.start()
    school.live(range(cut, LENGTH))
    school.settle()
    assert repr(school.epochs) == repr(WHOLE.epochs)
    assert school.alerts == WHOLE.alerts


def test_a_scorer_that_was_held_up_raises_nothing_for_what_came_meanwhile() -> None:
    school = School()
    school.live(range(LOUD.start))
    for seq in LOUD:
        school.keep(NODE.batch(seq, values=VALUES[seq : seq + 1]))
    school.clock.now_ns = LOUD.stop * SECOND_NS
    school.live(range(LOUD.stop, LENGTH))
    assert repr(school.epochs) == repr(WHOLE.epochs)
    assert {alert.raised_utc_ns for alert in school.alerts} <= {
        school.lesson.starts_utc_ns + LOUD.stop * SECOND_NS
    }


def test_a_lesson_that_is_entered_while_it_runs_is_not_alerted_for_what_is_long_past() -> None:
    school = School(has_lesson=False)
    school.live(range(LOUD.stop + 40))
    school.lessons.put(school.lesson)
    school.live(range(LOUD.stop + 40, LENGTH))
    school.settle()
    assert repr(school.epochs) == repr(WHOLE.epochs)
    assert school.alerts == []


def test_what_was_kept_before_the_first_start_is_scored_once() -> None:
    school = School()
    for seq in range(200):
        school.keep(NODE.batch(seq, values=VALUES[seq : seq + 1]))
    school.clock.now_ns = 200 * SECOND_NS
    school.start()  # no epoch is there yet, so the lesson is put in line
    school.live(range(200, 210))
    written = school.scores.version()
    school.settle()
    assert school.scores.version() == written
    school.live(range(210, LENGTH))
    assert repr(school.epochs) == repr(WHOLE.epochs)


def test_history_is_scored_and_raises_nothing() -> None:
    school = School()
    school.backlog(0, LENGTH)
    school.settle()
    assert repr(school.epochs) == repr(WHOLE.epochs)
    assert school.alerts == []


def test_a_hole_that_fills_makes_the_lesson_be_scored_as_if_it_had_not_been() -> None:
    school = School()
    school.live(range(100))
    school.live(range(200, 220))
    holed = [epoch for epoch in school.epochs if 100 <= epoch.first_seq < 200]
    assert all(np.isnan(epoch.zones[0].off_task) for epoch in holed[4:])
    school.backlog(100, 200)
    school.live(range(220, LENGTH))
    school.settle()
    assert repr(school.epochs) == repr(WHOLE.epochs)
    assert [replace(a, cleared_utc_ns=None) for a in school.alerts] == [
        replace(a, cleared_utc_ns=None) for a in WHOLE.alerts
    ]


def test_what_a_hub_brings_late_is_scored_as_if_it_had_come_in_time_and_alerts_nobody() -> None:
    """The second hub is silent while its table is loud; what it felt comes when that is over."""
    school = School()
    right = [NODE.layout.seats.index(seat) for seat in SEATS[6:]]
    columns = [at + i * len(SEATS) for i in range(len(SEAT_QUANTITIES)) for at in right]
    silent = range(LOUD.start - 10, LENGTH - 20)
    node, late = NODE, NODE.of_part(late_part(2))
    lacks = replace(NODE.of_part(gap_part(2)), seats=SEATS[6:])
    school.live(range(silent.start))
    for seq in silent:
        school.keep(lacks.gap(seq, 1, "serial"))
        values = VALUES[seq : seq + 1].copy()
        values[:, columns] = MISSING
        school.clock.now_ns = (seq + 1) * SECOND_NS
        school.keep(node.batch(seq, values=values))
        school.following.step()
    lively = {alert.zone for alert in school.alerts}
    assert "right" not in lively
    values = np.full_like(VALUES, MISSING)
    values[:, columns] = VALUES[:, columns]
    for seq in range(silent.start, silent.stop, 10):
        n = min(10, silent.stop - seq)
        school.keep(late.batch(seq, n, waited_ms=None, values=values[seq : seq + n]))
        school.following.step()
    school.live(range(silent.stop, LENGTH))
    school.settle()
    assert repr(school.epochs) == repr(WHOLE.epochs)
    assert {alert.zone for alert in school.alerts} == lively


def test_a_hole_that_fills_raises_no_second_alert() -> None:
    school = School()
    school.live(range(100))
    school.live(range(130, 350))
    raised = school.alerts
    assert raised
    assert all(alert.cleared_utc_ns is None for alert in raised)
    school.backlog(100, 130)
    school.settle()
    school.live(range(350, LENGTH))
    school.settle()
    assert [alert.id for alert in school.alerts] == [alert.id for alert in raised]
    assert all(alert.cleared_utc_ns is not None for alert in school.alerts)


def test_a_backlog_costs_one_pass_not_one_a_message() -> None:
    school = School()
    school.live(range(10))
    school.live(range(400, 420))
    commits = school.scores.version()
    read = []
    reads = school.store.read
    school.store.read = lambda *span: read.append(span) or reads(*span)  # type: ignore[method-assign]
    school.backlog(10, 400)
    school.settle()
    assert school.scores.version() > commits
    assert sum(last - first for _, first, last in read) < 3 * LENGTH


def test_live_periods_are_scored_between_the_slices_of_a_lesson_scored_again() -> None:
    school = School()
    school.live(range(100))
    school.live(range(110, 438))
    school.backlog(100, 110)
    school.clock.advance(3)
    assert school.following.step()  # takes the lesson out of the line
    school.following.step()  # and scores a first slice, 300 of its periods
    school.live(range(438, 446))
    assert school.epochs[-1].first_seq == 440
    school.live(range(446, LENGTH))
    school.settle()
    assert repr(school.epochs) == repr(WHOLE.epochs)
    assert {alert.zone for alert in school.alerts} == {alert.zone for alert in WHOLE.alerts}
    assert len(school.alerts) == len(WHOLE.alerts)


def test_the_cursor_waits_for_what_has_to_be_scored_again() -> None:
    school = School()
    school.live(range(100))
    school.live(range(200, 220))
    before = school.scores.cursor()
    school.backlog(100, 200)
    assert school.scores.cursor() == before
    school.start()  # a crash before the lesson was scored again
    school.live(range(220, LENGTH))
    school.settle()
    assert repr(school.epochs) == repr(WHOLE.epochs)
    assert school.scores.cursor() == school.store.newest_cursor()


def test_periods_are_scored_when_they_are_dated_afterwards() -> None:
    school = School(is_dated=False)
    school.live(range(LENGTH))
    assert school.epochs == []
    school.date()
    school.settle()
    assert repr(school.epochs) == repr(WHOLE.epochs)
    assert school.alerts == []


@pytest.mark.parametrize("restarts", (False, True))
def test_a_lesson_that_is_entered_afterwards_is_scored(*, restarts: bool) -> None:
    school = School(has_lesson=False)
    school.live(range(LENGTH))
    assert school.epochs == []
    school.lessons.put(school.lesson)
    if restarts:
        school.start()
    school.settle()
    assert repr(school.epochs) == repr(WHOLE.epochs)
    assert school.alerts == []


def test_what_lies_outside_the_lesson_is_not_scored() -> None:
    school = School()
    school.lessons.put(
        replace(school.lesson, ends_utc_ns=school.lesson.starts_utc_ns + 101 * SECOND_NS)
    )
    school.live(range(200))
    assert [epoch.first_seq for epoch in school.epochs] == list(range(0, 100, 5))


def test_alerts_end_with_their_lesson() -> None:
    school = School()
    end = LOUD.start + 60
    school.lessons.put(
        replace(school.lesson, ends_utc_ns=school.lesson.starts_utc_ns + end * SECOND_NS)
    )
    school.live(range(end))
    assert school.alerts
    assert all(alert.cleared_utc_ns is not None for alert in school.alerts)


def test_alerts_end_also_when_the_node_fell_silent() -> None:
    school = School()
    school.live(range(LOUD.start + 60))
    assert any(alert.cleared_utc_ns is None for alert in school.alerts)
    school.clock.now_ns = LENGTH * SECOND_NS
    for _ in range(3):
        school.clock.advance(61)
        school.following.step()
    assert all(alert.cleared_utc_ns is not None for alert in school.alerts)


def test_a_gap_without_end_is_no_work_without_end() -> None:
    school = School()
    school.live(range(50))
    school.keep(NODE.gap(50, 1 << 31))
    school.following.step()
    assert [epoch.first_seq for epoch in school.epochs] == list(range(0, LENGTH, 5))
    assert np.isnan(school.epochs[-1].zones[0].off_task)


def test_seats_that_appear_later_are_taken_in() -> None:
    few = replace(NODE, seats=SEATS[:6])
    school = School()
    school.store.birth = lambda _: None  # type: ignore[method-assign,assignment]
    cut = NODE.layout.seat_values(VALUES)[:, :6]
    part = few.layout.rows(cut, NODE.layout.room_values(VALUES))
    school.keep(*(few.batch(seq, values=part[seq : seq + 1]) for seq in range(100)))
    school.following.step()
    school.live(range(100, 300))
    school.settle()
    assert school.epochs[-1].zones[0].seats == len(SEATS)


def test_a_birth_that_comes_late_brings_the_zones() -> None:
    school = School()
    school.lessons.put(replace(school.lesson, zones=()))
    birth = school.store.birth
    school.store.birth = lambda _: None  # type: ignore[method-assign,assignment]
    school.live(range(200))
    assert [zone.zone for zone in school.epochs[-1].zones] == ["room"]
    school.store.birth = birth  # type: ignore[method-assign]
    school.live(range(200, 210))
    school.settle()
    assert [zone.zone for zone in school.epochs[-1].zones] == ["room", "hub-a"]


def test_a_failed_write_is_done_again_and_raises_nothing_twice() -> None:
    school = School()
    school.live(range(LOUD.start + 10))
    commit = school.scores.commit

    def full(**_: object) -> None:
        raise StoreError("score.db: the disk is full.")

    school.scores.commit = full  # type: ignore[method-assign,assignment]
    with pytest.raises(StoreError):
        school.live(range(LOUD.start + 10, LOUD.start + 30))
    school.scores.commit = commit  # type: ignore[method-assign]
    school.start()
    for seq in range(LOUD.start + 10, LOUD.start + 30):
        school.keep(NODE.batch(seq, values=VALUES[seq : seq + 1]))
    school.live(range(LOUD.start + 30, LENGTH))
    assert repr(school.epochs) == repr(WHOLE.epochs)
    assert [alert.zone for alert in school.alerts] == [alert.zone for alert in WHOLE.alerts]
