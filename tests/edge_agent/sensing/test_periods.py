"""Periods: the same from the same readings, however those are cut up and in whatever order."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.quantities import table as quantities
from contract.quantities.motion import MotionQuantities
from contract.quantities.sound import SoundQuantities
from contract.quantities.table import MISSING
from contract.wire.parts import SOUND_LINE
from edge_agent.sensing.periods import MICROPHONE, LineGap, Period, PeriodAssembler
from edge_agent.sensing.timed_buffer import TimedBuffer, placed
from firmware_bridge.events import FramesMissing, HubDown, HubEvent, HubSamples, HubUp, Levels
from firmware_bridge.frames import Hello
from tests.examples import examples

SECOND = 1_000_000_000
RUN = 7_300_000_000
HUBS = (("hub-a", (1, 2, 3)), ("hub-b", (7, 9)))


def up(hub: str, seats: int, *, rate: float = 50.0, levels: bool = False) -> HubUp:
    hello = Hello(
        is_start=True, has_levels=levels, tick_hz=250_000, sample_rate_hz=rate,
        counts_per_g=16_384, seats=seats, hub_id="x", firmware="sim", firmware_version="1",
    )  # fmt: skip
    return HubUp(hub=hub, hello=hello)


def assembler(sound: str = "hub") -> PeriodAssembler:
    made = PeriodAssembler(
        run_boot_ns=RUN, period_ns=SECOND, hubs=HUBS, sound=sound, max_buffered_s=128
    )
    made.take(up("hub-a", 3, levels=True))
    made.take(up("hub-b", 2))
    return made


def readings(
    hub: str, seats: int, seconds: int, *, phase_ns: int, seed: int, rate: float = 50.0
) -> tuple[np.ndarray, np.ndarray]:
    """Times and acceleration of a hub with a phase of its own and a little jitter."""
    draw = np.random.default_rng(seed)
    n = round(seconds * rate)
    times = RUN + phase_ns + np.round(np.arange(n) * 1e9 / rate).astype(np.int64)
    times += draw.integers(-50_000, 50_000, n)
    rows = draw.normal(0, 0.02, (n, seats, 3)).astype(np.float32)
    rows[:, :, 2] += 1.0
    return times, rows


def sliced(hub: str, times: np.ndarray, rows: np.ndarray, cuts: list[int]) -> list[HubSamples]:
    edges = [0, *sorted(cut % (len(times) + 1) for cut in cuts), len(times)]
    return [
        HubSamples(hub=hub, boot_ns=times[a:b], acceleration=rows[a:b])
        for a, b in itertools.pairwise(edges)
        if b > a
    ]


def closed(made: PeriodAssembler, events: list[HubEvent], seconds: int) -> list[Period]:
    """Feed events and close whatever is whole after each; at last close what is left."""
    periods = []
    for event in events:
        made.take(event)
        while made.has_all() and len(periods) < seconds:
            periods.append(made.close())
    while len(periods) < seconds:
        periods.append(made.close())
    return periods


@settings(max_examples=examples(15), deadline=None)
@given(
    phase_a=st.integers(100_000, 19_900_000),
    phase_b=st.integers(100_000, 19_900_000),
    cuts_a=st.lists(st.integers(0, 1_000), max_size=8),
    cuts_b=st.lists(st.integers(0, 1_000), max_size=8),
    cuts_s=st.lists(st.integers(0, 1_000), max_size=8),
    order=st.randoms(use_true_random=False),
)
def test_any_slicing_and_order_across_hubs_gives_the_same_periods(
    phase_a: int,
    phase_b: int,
    cuts_a: list[int],
    cuts_b: list[int],
    cuts_s: list[int],
    order: object,
) -> None:
    seconds = 4
    a = readings("hub-a", 3, seconds + 1, phase_ns=phase_a, seed=1)
    b = readings("hub-b", 2, seconds + 1, phase_ns=phase_b, seed=2)
    level_times = RUN + 30_000_000 + np.arange(8 * (seconds + 1), dtype=np.int64) * 125_000_000
    levels = np.random.default_rng(3).normal(60, 5, len(level_times)).astype(np.float32)

    def level_events(cuts: list[int]) -> list[HubEvent]:
        edges = [0, *sorted(cut % (len(levels) + 1) for cut in cuts), len(levels)]
        return [
            Levels(hub="hub-a", boot_ns=level_times[i:j], laeq=levels[i:j])
            for i, j in itertools.pairwise(edges)
            if j > i
        ]

    streams: list[list[HubEvent]] = [
        list(sliced("hub-a", *a, cuts_a)), list(sliced("hub-b", *b, cuts_b)), level_events(cuts_s),
    ]  # fmt: skip
    mixed: list[HubEvent] = []
    while any(streams):
        mixed.append(order.choice([s for s in streams if s]).pop(0))  # type: ignore[attr-defined]
    whole: list[HubEvent] = [
        *sliced("hub-a", *a, []), *sliced("hub-b", *b, []), *level_events([]),
    ]  # fmt: skip
    for one, other in zip(
        closed(assembler(), whole, seconds),
        closed(assembler(), mixed, seconds),
        strict=True,
    ):
        assert one.seq == other.seq
        assert one.boot_ns == other.boot_ns
        assert np.array_equal(one.values, other.values)
        assert (one.seats_sampled, one.seats_missing) == (5, 0)


def test_the_values_are_those_of_the_shared_quantity_code() -> None:
    made = assembler()
    times, rows = readings("hub-a", 3, 4, phase_ns=5_000_000, seed=4)
    level_times = RUN + np.arange(24, dtype=np.int64) * 125_000_000
    levels = np.linspace(50, 60, 24).astype(np.float32)
    made.take(HubSamples(hub="hub-a", boot_ns=times, acceleration=rows))
    made.take(Levels(hub="hub-a", boot_ns=level_times, laeq=levels))
    motion, sound = MotionQuantities(seats=3, rate_hz=50.0), SoundQuantities()
    for second in range(3):
        period = made.close()
        seat = quantities.encode(motion.update(rows[second * 50 : second * 50 + 50]), "seat")
        room = quantities.encode(sound.update(levels[second * 8 : second * 8 + 8]), "room")
        row = period.values[None]
        assert np.array_equal(made.layout.seat_values(row)[0, :3], seat)
        assert np.array_equal(made.layout.room_values(row)[0], room)
        # hub-b delivered nothing: missing, not made up.
        assert (made.layout.seat_values(row)[0, 3:] == MISSING).all()
        assert (period.seats_sampled, period.seats_missing) == (3, 2)


def test_a_hub_that_is_down_is_not_waited_for_and_one_that_is_up_is() -> None:
    made = assembler("none")
    times, rows = readings("hub-a", 3, 2, phase_ns=0, seed=5)
    made.take(HubSamples(hub="hub-a", boot_ns=times, acceleration=rows))
    assert not made.has_all()
    made.take(HubDown(hub="hub-b", reason="unplugged"))
    assert made.has_all()
    assert not made.close().is_empty
    made.take(up("hub-b", 2))
    assert not made.has_all()


def test_a_meter_that_stays_silent_is_waited_for_twice_and_then_no_more() -> None:
    made = assembler()
    times, rows = readings("hub-a", 3, 6, phase_ns=0, seed=5)
    made.take(HubDown(hub="hub-b", reason="unplugged"))
    made.take(HubSamples(hub="hub-a", boot_ns=times, acceleration=rows))
    waits = []
    for second in range(5):
        waits.append(not made.has_all())
        made.close()
        if second == 2:
            at = np.array([made.start_ns + SECOND // 4])
            made.take(Levels(hub="hub-a", boot_ns=at, laeq=np.array([50.0], np.float32)))
    assert waits == [True, True, False, True, True]


def test_nothing_delivered_is_an_empty_period() -> None:
    period = assembler().close()
    assert period.is_empty
    assert (period.seats_sampled, period.seats_missing) == (0, 5)


def test_what_comes_after_a_second_was_settled_is_counted_and_named() -> None:
    made = assembler("none")
    times, rows = readings("hub-a", 3, 3, phase_ns=1_000_000, seed=6)
    made.close()
    made.close()
    made.take(HubSamples(hub="hub-a", boot_ns=times[100:], acceleration=rows[100:]))
    made.catch_up()  # nothing of the first two came before this
    made.take(HubSamples(hub="hub-a", boot_ns=times[:100], acceleration=rows[:100]))
    assert made.counters()["hub-a"]["samples_late"] == 100
    assert made.late() == []
    assert made.line_gaps() == [LineGap(line=1, first_seq=0, n=2, seats=(1, 2, 3), reason="unused")]
    assert made.line_gaps() == []


def merged(made: PeriodAssembler, periods: list[Period]) -> dict[int, np.ndarray]:
    """Seq → row, with what came late in its place; no value may come twice."""
    rows = {period.seq: period.values.copy() for period in periods}
    for late in made.late():
        for i, row in enumerate(late.values):
            here = rows[late.first_seq + i]
            assert not ((here != MISSING) & (row != MISSING)).any()
            np.minimum(here, row, out=here)
    return rows


@settings(max_examples=examples(30), deadline=None)
@given(
    stall=st.tuples(st.integers(0, 11), st.integers(0, 11)),
    down=st.booleans(),
    cuts=st.lists(st.integers(0, 600), max_size=6),
    sizes=st.lists(st.integers(1, 120), min_size=1, max_size=30),
)
def test_what_a_stalled_hub_brings_late_is_what_it_would_have_brought_in_time(
    stall: tuple[int, int], down: bool, cuts: list[int], sizes: list[int]
) -> None:
    """Each second of each hub and of the sound is in time, late, or lacking and periods: once."""
    seconds, (one, other) = 12, stall
    stalled, awake = min(one, other), max(one, other)
    a = readings("hub-a", 3, seconds + 1, phase_ns=7_000_000, seed=1)
    b = readings("hub-b", 2, seconds + 1, phase_ns=3_000_000, seed=2)
    level_times = RUN + np.arange(8 * (seconds + 1), dtype=np.int64) * 125_000_000
    levels = np.random.default_rng(3).normal(60, 5, len(level_times)).astype(np.float32)

    def run(made: PeriodAssembler, *, stalls: bool) -> list[Period]:
        periods = []
        kept: list[HubEvent] = []
        for second in range(seconds + 1):
            of_a = slice(second * 50, second * 50 + 50)
            of_s = slice(second * 8, second * 8 + 8)
            made.take(HubSamples(hub="hub-b", boot_ns=b[0][of_a], acceleration=b[1][of_a]))
            kept += [
                HubSamples(hub="hub-a", boot_ns=a[0][of_a], acceleration=a[1][of_a]),
                Levels(hub="hub-a", boot_ns=level_times[of_s], laeq=levels[of_s]),
            ]
            is_stalled = stalls and stalled <= second < awake
            if is_stalled and second == stalled and down:
                made.take(HubDown(hub="hub-a", reason="silent"))
            if not is_stalled:
                if stalls and second == awake > stalled and down:
                    made.take(up("hub-a", 3, levels=True))
                for event in kept:
                    made.take(event)
                kept.clear()
            if second < seconds:
                periods.append(made.close())
        made.catch_up(is_last=True)
        return periods

    steady, shaken = assembler(), assembler()
    wanted = merged(steady, run(steady, stalls=False))
    periods = run(shaken, stalls=True)
    lacking = {(lack.line, period.seq) for period in periods for lack in period.line_gaps}
    assert len(lacking) == sum(len(period.line_gaps) for period in periods)
    late_of = {
        (late.line, late.first_seq + i) for late in shaken._late for i in range(len(late.counts))
    }
    assert late_of == lacking
    for seq, row in merged(shaken, periods).items():
        assert np.array_equal(row, wanted[seq])
    assert shaken.line_gaps() == []


def test_sound_from_before_the_meters_hello_has_a_gap_and_comes_late() -> None:
    made = PeriodAssembler(
        run_boot_ns=RUN, period_ns=SECOND, hubs=HUBS, sound="hub", max_buffered_s=128
    )
    periods = [made.close() for _ in range(3)]
    assert {lack.line for period in periods for lack in period.line_gaps} == {1, 2}
    assert made.line_gaps() == []
    made.take(up("hub-a", 3, levels=True))
    assert made.line_gaps() == [
        LineGap(line=SOUND_LINE, first_seq=0, n=3, seats=(), reason="serial")
    ]
    times = RUN + np.arange(8 * 4, dtype=np.int64) * 125_000_000
    made.take(Levels(hub="hub-a", boot_ns=times, laeq=np.full(32, 55.0, np.float32)))
    made.catch_up()
    (late,) = made.late()
    assert (late.line, late.first_seq, late.counts) == (SOUND_LINE, 0, bytes(3))
    assert (made.layout.room_values(late.values)[:, 0] == 550).all()


def test_a_seat_that_was_excluded_then_or_is_now_is_never_computed_late() -> None:
    made = assembler("none")
    times, rows = readings("hub-a", 3, 5, phase_ns=1_000_000, seed=7)
    for excluded in (frozenset({1}), frozenset({2}), frozenset({2}), frozenset({3})):
        made.excluded = excluded
        made.close()
    made.take(HubSamples(hub="hub-a", boot_ns=times, acceleration=rows))
    made.catch_up()
    (late,) = made.late()
    seats = made.layout.seat_values(late.values)[:, :3, 0] != MISSING
    # 3 has opted out by now, and that holds for what was sensed before as well.
    assert seats.tolist() == [[False, True, False], [True, False, False], [True, False, False],
                              [True, True, False]]  # fmt: skip
    assert late.counts == bytes([1, 1, 1, 2])


def test_excluded_seats_are_dropped_before_anything_is_computed() -> None:
    made = assembler("none")
    made.excluded = frozenset({2})
    times, rows = readings("hub-a", 3, 2, phase_ns=1_000_000, seed=7)
    made.take(HubSamples(hub="hub-a", boot_ns=times, acceleration=rows))
    (held,) = made._hubs["hub-a"].buffer._rows
    assert np.isnan(held[:, 1]).all()
    period = made.close()
    seats = made.layout.seat_values(period.values[None])[0]
    assert (seats[1] == MISSING).all()
    assert not (seats[0] == MISSING).all()
    assert (period.seats_sampled, period.seats_missing) == (2, 2)


def test_a_skipped_second_is_forgotten_and_so_is_what_the_quantities_remember() -> None:
    times, rows = readings("hub-a", 3, 12, phase_ns=1_000_000, seed=8)
    through, after = assembler("none"), assembler("none")
    through.take(HubSamples(hub="hub-a", boot_ns=times, acceleration=rows))
    for _ in range(10):
        through.skip()
    late = times >= RUN + 10 * SECOND
    for _ in range(10):
        after.skip()
    after.take(HubSamples(hub="hub-a", boot_ns=times[late], acceleration=rows[late]))
    assert np.array_equal(through.close().values, after.close().values)


def test_memory_is_bounded_when_nobody_closes() -> None:
    made = assembler()
    times, rows = readings("hub-a", 3, 200, phase_ns=0, seed=9)
    for second in range(200):
        part = slice(second * 50, second * 50 + 50)
        made.take(HubSamples(hub="hub-a", boot_ns=times[part], acceleration=rows[part]))
    held = sum(len(chunk) for chunk in made._hubs["hub-a"].buffer._rows)
    assert held == math.ceil(128 * 50 * 1.1)
    late = made.counters()["hub-a"]["samples_late"]
    assert made.counters()["hub-a"]["samples_refused"] == 10_000 - held - late


def test_sound_comes_from_where_the_settings_say() -> None:
    level_times = RUN + np.arange(8, dtype=np.int64) * 125_000_000
    levels = np.full(8, 55.0, np.float32)
    for source, name, is_heard in (
        ("hub", "hub-a", True), ("hub", MICROPHONE, False), ("none", "hub-a", False),
        ("microphone", MICROPHONE, True), ("microphone", "hub-a", False), ("hub", "hub-b", False),
    ):  # fmt: skip
        made = assembler(source)
        made.take(Levels(hub=name, boot_ns=level_times, laeq=levels))
        room = made.layout.room_values(made.close().values[None])[0]
        assert (room[0] == 550) is np.bool_(is_heard)


def test_other_events_and_other_seat_counts_are_taken_calmly(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = assembler("none")
    made.take(FramesMissing(hub="hub-a", frames=1, samples=1, after_ns=None, before_ns=RUN))
    made.take(up("hub-a", 5))
    made.take(up("hub-b", 1, rate=10.0))
    assert "hub-a has 5 seats, the settings name 3" in caplog.text
    assert "hub-b samples at 10 Hz" in caplog.text
    times, rows = readings("hub-a", 5, 2, phase_ns=1_000_000, seed=1)
    made.take(HubSamples(hub="hub-a", boot_ns=times, acceleration=rows))
    made.take(HubSamples(hub="hub-b", boot_ns=times, acceleration=rows[:, :1]))
    assert made.close().seats_sampled == 3


@given(
    present=st.lists(st.booleans(), min_size=50, max_size=50),
    phase=st.floats(0.01, 0.99),
)
def test_placing_keeps_every_row_and_invents_none(present: list[bool], phase: float) -> None:
    step = SECOND / 50
    all_times = np.round((np.arange(50) + phase) * step).astype(np.int64)
    keep = np.array(present)
    rows = np.arange(50, dtype=np.float32)[:, None]
    out = placed(all_times[keep], rows[keep], start_ns=0, end_ns=SECOND, step_ns=step)
    got = out[~np.isnan(out)]
    assert got.tolist() == rows[keep, 0].tolist()
    if keep.any():
        assert 49 <= len(out) <= 50 or not keep[0] or not keep[-1]
        assert len(out) <= 51


@given(st.lists(st.integers(0, 5 * SECOND), max_size=60))
def test_the_buffer_never_raises_and_gives_each_row_once(raw: list[int]) -> None:
    buffer = TimedBuffer(shape=(), max_rows=40)
    dropped = 0
    for at in raw:
        row = np.array([at / 1e9], np.float32)
        dropped += sum(buffer.add(np.array([at]), row, from_ns=SECOND))
    taken = [
        buffer.take(start_ns=s * SECOND, end_ns=(s + 1) * SECOND, step_ns=SECOND / 50)
        for s in range(1, 6)
    ]
    count = sum(int((~np.isnan(part)).sum()) for part in taken)
    assert count + dropped == len(raw)
