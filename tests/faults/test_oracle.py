"""The oracle itself: whatever is planted in a store that was right, it must find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.quantities.motion import MotionQuantities
from contract.quantities.sound import SoundQuantities
from contract.quantities.table import MISSING, encode
from roomtone.audit.expected import AuditLine, FollowResult, LineFollower
from roomtone.audit.kept_runs import KeptGap, KeptRun
from roomtone.audit.oracle import AuditResult, Blind, audit_room
from simulators.classroom import Classroom
from simulators.scenario import Room as RoomScenario
from simulators.scenario import Scenario

FIRST_S, SECONDS, RATE = 1_000, 30, 50
SEATS = (3, 4, 5)
SENSED = [(FIRST_S, FIRST_S + SECONDS)]
COUNTS_PER_G = 256


def line_of(*, phase: float = 0.5, drift_ppm: float = 0.0, seed: int = 1) -> AuditLine:
    rng = np.random.default_rng(seed)
    n = SECONDS * RATE
    step_ns = SECOND_NS / RATE / (1 + drift_ppm * 1e-6)
    times = FIRST_S * SECOND_NS + np.rint((np.arange(n) + phase) * step_ns).astype(np.int64)
    counts = rng.normal(0, 12, (n, len(SEATS), 3)).round().astype(np.int16)
    counts[:, :, 2] += COUNTS_PER_G
    return AuditLine(
        name="hub-0", seats=SEATS, rate_hz=float(RATE), counts_per_g=COUNTS_PER_G,
        times=times, counts=counts,
    )  # fmt: skip


def with_sound(line: AuditLine, *, late_ns: int = 10_000_000, seed: int = 3) -> AuditLine:
    """Levels of eighth-seconds, the first of which begins a little after the second does."""
    rng = np.random.default_rng(seed)
    n = SECONDS * 8
    times = FIRST_S * SECOND_NS + late_ns + np.arange(n) * (SECOND_NS // 8)
    return replace(line, level_times=times, levels=rng.integers(3_000, 8_000, n))


def sound_of(line: AuditLine, *, dated_late_ns: int = 0) -> NDArray[np.uint16]:
    """What an edge without faults makes of a line's levels."""
    quantities = SoundQuantities()
    middles = line.level_times + SECOND_NS // 16 + dated_late_ns
    levels = line.levels.astype(np.float32) / np.float32(100)
    levels[line.levels == 65_535] = np.nan
    rows = []
    for second in range(FIRST_S, FIRST_S + SECONDS):
        within = middles // SECOND_NS == second
        rows.append(encode(quantities.update(levels[within]), "room"))
    return np.stack(rows)


def without(line: AuditLine, is_gone: NDArray[np.bool_]) -> AuditLine:
    return replace(line, times=line.times[~is_gone], counts=line.counts[~is_gone])


def kept_of(
    line: AuditLine,
    *,
    dated_late_ns: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None = None,
) -> KeptRun:
    """What an edge without faults makes of a line whose samples it dates a little late."""
    dates = line.times if dated_late_ns is None else line.times + dated_late_ns(line.times)
    quantities = MotionQuantities(seats=len(SEATS), rate_hz=line.rate_hz)
    acceleration = line.acceleration()
    rows = []
    for second in range(FIRST_S, FIRST_S + SECONDS):
        within = (dates >= second * SECOND_NS) & (dates < (second + 1) * SECOND_NS)
        rows.append(encode(quantities.update(acceleration[within]), "seat"))
    cube = np.stack(rows)
    return KeptRun(
        run=1, first_s=FIRST_S, seconds=np.arange(FIRST_S, FIRST_S + SECONDS),
        values={seat: cube[:, i] for i, seat in enumerate(SEATS)}, gaps=(),
    )  # fmt: skip


def judged(line: AuditLine, *runs: KeptRun, blind: tuple[Blind, ...] = ()) -> AuditResult:
    return audit_room(runs=runs, lines=[line], sensed=SENSED, blind=blind)


def only(run: KeptRun, keep: NDArray[np.bool_], **changes: object) -> KeptRun:
    values = {seat: rows[keep] for seat, rows in run.values.items()}
    return replace(run, seconds=run.seconds[keep], values=values, **changes)  # type: ignore[arg-type]


def test_a_store_that_is_right_is_whole() -> None:
    line = line_of()
    found = judged(line, kept_of(line))
    assert found.is_whole, found.notes
    assert found.sampled == found.kept == SECONDS * len(SEATS)
    assert found.gap == found.gap_s == found.worst_cut == found.unverified == 0


@pytest.mark.parametrize("drift_ppm", (-200.0, 200.0))
def test_samples_dated_over_the_edge_of_a_second_are_no_change(drift_ppm: float) -> None:
    line = line_of(phase=0.01, drift_ppm=drift_ppm)
    found = judged(line, kept_of(line, dated_late_ns=lambda t: t // SECOND_NS % 3 * -2_000_000))
    assert found.is_whole, found.notes
    assert 0 < found.worst_cut <= 1


def test_a_date_that_is_farther_off_than_promised_is_a_change() -> None:
    line = line_of()
    late = kept_of(line, dated_late_ns=lambda t: np.full(len(t), 45_000_000))
    assert judged(line, late).changed > 0


def test_a_loss_is_found() -> None:
    line = line_of()
    run = kept_of(line)
    keep = np.ones(SECONDS, bool)
    keep[12] = False
    found = judged(line, only(run, keep))
    assert (found.lost, found.kept) == (len(SEATS), (SECONDS - 1) * len(SEATS))
    assert found.doubled == found.out_of_order == 0
    assert any(f"second {FIRST_S + 12} is lost" in note for note in found.notes)


def test_a_single_seat_that_is_missing_is_found() -> None:
    line = line_of()
    run = kept_of(line)
    run.values[4][7] = MISSING
    assert judged(line, run).lost == 1


@pytest.mark.parametrize("reason", ("unused", "outbox_full", "damaged", "died", "paused"))
def test_a_loss_within_a_recorded_gap_is_a_gap(reason: str) -> None:
    line = line_of()
    keep = np.ones(SECONDS, bool)
    keep[12:15] = False
    gap = KeptGap(
        first_s=FIRST_S + 12, last_s=FIRST_S + 14, seats=frozenset(SEATS),
        reason=reason,  # type: ignore[arg-type]
    )  # fmt: skip
    run = only(kept_of(line), keep, gaps=(gap,))
    found = judged(line, run)
    assert found.lost == 0
    assert (found.gap, found.gap_s) == (3 * len(SEATS), 3)
    assert found.gap_reasons == {reason: 3 * len(SEATS)}
    assert judged(line, replace(run, gaps=(replace(gap, last_s=FIRST_S + 13),))).lost == 3
    assert judged(line, replace(run, gaps=(replace(gap, seats=frozenset({3, 4})),))).lost == 3


def test_what_went_on_in_a_gap_is_remembered_as_the_edge_does() -> None:
    line = line_of()
    keep = np.ones(SECONDS, bool)
    keep[12:15] = False
    gap = KeptGap(
        first_s=FIRST_S + 12, last_s=FIRST_S + 14, seats=frozenset(SEATS), reason="damaged"
    )
    assert judged(line, only(kept_of(line), keep, gaps=(gap,))).is_whole


@pytest.mark.parametrize("reason", ("off", "serial"))
def test_a_gap_that_can_not_be_true_is_no_excuse(reason: str) -> None:
    """A lesson was on, and the samples went over the line."""
    line = line_of()
    keep = np.ones(SECONDS, bool)
    keep[12] = False
    gap = KeptGap(
        first_s=FIRST_S + 12, last_s=FIRST_S + 12, seats=frozenset(SEATS),
        reason=reason,  # type: ignore[arg-type]
    )  # fmt: skip
    run = only(kept_of(line), keep, gaps=(gap,))
    assert judged(line, run).lost == len(SEATS)
    blind = Blind(first_s=FIRST_S + 12, last_s=FIRST_S + 12, why="nobody listened")
    assert judged(line, run, blind=(blind,)).lost == 0


def test_a_double_within_a_run_is_found() -> None:
    line = line_of()
    run = kept_of(line)
    twice = np.insert(np.arange(SECONDS), 9, 9)
    values = {seat: rows[twice] for seat, rows in run.values.items()}
    found = judged(line, replace(run, seconds=run.seconds[twice], values=values))
    assert (found.doubled, found.lost) == (len(SEATS), 0)


def test_a_double_in_another_run_is_found() -> None:
    line = line_of()
    run = kept_of(line)
    keep = np.zeros(SECONDS, bool)
    keep[20] = True
    found = judged(line, run, replace(only(run, keep), run=2, first_s=FIRST_S + 15))
    assert found.doubled == len(SEATS)
    assert not found.is_whole


def test_a_changed_value_is_found_and_named() -> None:
    line = line_of()
    run = kept_of(line)
    run.values[5][17, 2] += 1
    found = judged(line, run)
    assert (found.changed, found.lost, found.doubled) == (1, 0, 0)
    assert found.notes == [f"second {FIRST_S + 17}: seat 5: not what was sampled"]


def test_two_seconds_that_changed_places_are_found() -> None:
    line = line_of()
    run = kept_of(line)
    for rows in run.values.values():
        rows[[8, 9]] = rows[[9, 8]]
    assert judged(line, run).changed >= 2 * len(SEATS)


def test_a_wrong_order_is_found() -> None:
    line = line_of()
    run = kept_of(line)
    order = np.arange(SECONDS)
    order[[8, 9]] = order[[9, 8]]
    values = {seat: rows[order] for seat, rows in run.values.items()}
    found = judged(line, replace(run, seconds=run.seconds[order], values=values))
    assert found.out_of_order == 1


def test_values_without_samples_are_found() -> None:
    line = line_of()
    gone = line.times // SECOND_NS == FIRST_S + 10
    assert judged(without(line, gone), kept_of(line)).invented == len(SEATS)


def test_values_outside_of_the_lesson_are_found() -> None:
    line = line_of()
    found = audit_room(
        runs=[kept_of(line)], lines=[line], sensed=[(FIRST_S, FIRST_S + SECONDS - 2)]
    )
    assert found.invented == 2 * len(SEATS)


def test_frames_that_were_spoiled_on_the_line_are_not_expected() -> None:
    whole = line_of()
    rng = np.random.default_rng(3)
    gone = np.repeat(rng.random(len(whole.times) // 5) < 0.1, 5)
    line = without(whole, gone)
    sent = replace(whole, counts=np.where(gone[:, None, None], np.int16(-32768), whole.counts))
    found = judged(line, kept_of(sent))
    assert found.is_whole, found.notes
    assert found.kept == SECONDS * len(SEATS)


def test_a_second_with_too_few_samples_is_not_missed() -> None:
    whole = line_of()
    second = whole.times // SECOND_NS == FIRST_S + 10
    gone = second & (np.cumsum(second) > 20)
    run = kept_of(without(whole, gone))
    assert (run.values[3][10] == MISSING).all()
    found = judged(without(whole, gone), run)
    assert found.is_whole, found.notes
    assert found.sampled == (SECONDS - 1) * len(SEATS)


def test_blind_seconds_are_a_gap_and_nothing_more() -> None:
    line = line_of()
    keep = np.ones(SECONDS, bool)
    keep[12:14] = False
    blind = Blind(first_s=FIRST_S + 12, last_s=FIRST_S + 13, why="the hub was unplugged")
    run = only(kept_of(line), keep)
    assert judged(line, run, blind=(blind,)).lost == 0
    assert judged(line, run, blind=(replace(blind, line="hub-7"),)).lost == 2 * len(SEATS)
    assert judged(line, run, blind=(replace(blind, last_s=FIRST_S + 12),)).lost == len(SEATS)


def test_the_rooms_sound_is_compared_too() -> None:
    line = with_sound(line_of())
    run = replace(kept_of(line), room=sound_of(line))
    found = judged(line, run)
    assert found.is_whole, found.notes
    assert (found.sound.sampled, found.sound.kept, found.sound.worst_cut) == (SECONDS, SECONDS, 0)


@pytest.mark.parametrize("quantity", range(5))
def test_a_changed_value_of_the_sound_is_found(quantity: int) -> None:
    line = with_sound(line_of())
    run = replace(kept_of(line), room=sound_of(line))
    assert run.room is not None
    run.room[17, quantity] ^= 1
    found = judged(line, run)
    assert (found.sound.changed, found.changed, found.is_whole) == (1, 0, False)
    assert f"second {FIRST_S + 17}: sound: not what was sampled" in found.notes


def test_a_level_that_could_not_be_measured_is_no_change() -> None:
    line = with_sound(line_of())
    line.levels[40] = 65_535
    assert judged(line, replace(kept_of(line), room=sound_of(line))).is_whole


def test_sound_that_is_lost_doubled_invented_or_in_a_gap() -> None:
    line = with_sound(line_of())
    room = sound_of(line)
    room[12] = MISSING
    run = replace(kept_of(line), room=room)
    assert judged(line, run).sound.lost == 1
    gap = KeptGap(first_s=FIRST_S + 12, last_s=FIRST_S + 12, seats=frozenset(), reason="damaged")
    found = judged(line, replace(run, gaps=(gap,)))
    assert (found.is_whole, found.sound.gap, found.sound.kept) == (True, 1, SECONDS - 1)
    seats_alone = replace(gap, has_room=False)
    assert judged(line, replace(run, gaps=(seats_alone,))).sound.lost == 1
    whole = replace(kept_of(line), room=sound_of(line))
    keep = np.zeros(SECONDS, bool)
    keep[20] = True
    again = replace(
        only(whole, keep, room=whole.room[keep]),
        run=2,
        first_s=FIRST_S + 15,  # type: ignore[index]
    )
    assert judged(line, whole, again).sound.doubled == 1
    silent = replace(line, level_times=line.level_times[80:], levels=line.levels[80:])
    assert judged(silent, whole).sound.invented >= 10


def test_levels_dated_over_the_edge_of_a_second_are_no_change() -> None:
    # The middle of the first level lies 2 ms after the second's begin.
    line = with_sound(line_of(), late_ns=2_000_000 - SECOND_NS // 16)
    run = replace(kept_of(line), room=sound_of(line, dated_late_ns=-5_000_000))
    found = judged(line, run)
    assert found.is_whole, found.notes
    assert found.sound.worst_cut == 1
    late = replace(run, room=sound_of(line, dated_late_ns=-120_000_000))
    assert judged(line, late).is_whole  # by a whole level less 5 ms, so by one level as well
    farther = replace(run, room=sound_of(line, dated_late_ns=-200_000_000))
    assert not judged(line, farther).is_whole


def test_the_runs_before_the_damage_show_the_cuts() -> None:
    line = line_of(phase=0.01, drift_ppm=200.0)
    before = kept_of(line, dated_late_ns=lambda t: t // SECOND_NS % 3 * -2_000_000)
    keep = np.ones(SECONDS, bool)
    keep[5:22] = False
    gap = KeptGap(
        first_s=FIRST_S + 5, last_s=FIRST_S + 21, seats=frozenset(SEATS), reason="damaged"
    )
    after = only(before, keep, gaps=(gap,))
    found = audit_room(runs=[after], lines=[line], sensed=SENSED, earlier=[before])
    assert found.is_whole, found.notes
    assert found.gap_s == 17
    wrong = only(before, np.ones(SECONDS, bool))
    wrong.values[4][10, 3] += 1
    found = audit_room(runs=[after], lines=[line], sensed=SENSED, earlier=[wrong])
    assert found.changed == 1


def test_dates_that_slide_at_a_hundred_times_the_speed_of_life_are_no_change() -> None:
    """10 ms of a date are eight levels then, and a lesson's levels often fit more than one cut."""
    seconds, speed = 2_400, 100.0
    scenario = Scenario(room=RoomScenario(hubs=(5,), empty_seats=0, late_comers=0))
    levels = Classroom(scenario.lasting(45.0), 1).hub_signals()[0].levels(0, seconds * 8)
    assert levels is not None
    begins = np.arange(seconds * 8) * (SECOND_NS // 8) + 20_000_000
    line = replace(
        line_of(), level_times=FIRST_S * SECOND_NS + begins,
        levels=np.rint(levels * 100).astype(np.int64),
    )  # fmt: skip
    # A tick map is fitted again each second of real time, so dates shift from one map to the next.
    knots = np.arange(0, seconds + 100, 98) * SECOND_NS
    errors = np.random.default_rng(5).normal(0, 0.3, len(knots)).clip(-0.95, 0.95) * SECOND_NS
    dates = begins + SECOND_NS // 16 + np.interp(begins, knots, errors).astype(np.int64)
    quantities, rows, first = SoundQuantities(), [], 2
    for second in range(first, seconds - 2):
        within = line.levels[dates // SECOND_NS == second].astype(np.float32) / np.float32(100)
        rows.append(encode(quantities.update(within), "room")[None, :])
    follower = LineFollower(line.sound(), max_shift_s=0.01 * speed)
    kept = np.arange(first, seconds - 2) + FIRST_S
    verdict = FollowResult()
    follower.follow(kept, np.stack(rows), verdict)
    assert (verdict.changed, verdict.notes) == (0, [])
    assert 0 < verdict.worst_cut <= 8
    rows[1_000][0, 0] ^= 1
    follower = LineFollower(line.sound(), max_shift_s=0.01 * speed)
    follower.follow(kept, np.stack(rows), verdict)
    assert verdict.changed > 0


def test_a_cut_that_fits_by_chance_is_taken_back() -> None:
    """Constant levels do not show the cut: only the next second shows that it had moved."""
    line = with_sound(line_of(), late_ns=2_000_000 - SECOND_NS // 16)
    line.levels[:81] = 5_000
    found = judged(line, replace(kept_of(line), room=sound_of(line, dated_late_ns=-5_000_000)))
    assert found.is_whole, found.notes
    assert found.sound.worst_cut == 1
