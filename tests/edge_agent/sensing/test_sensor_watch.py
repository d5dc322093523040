"""Sensors that are absent, stuck or out of range: named, left out, and believed again."""

from __future__ import annotations

import numpy as np

from edge_agent.sensing.sensor_watch import SensorWatch
from firmware_bridge.events import HubDown, HubSamples, HubStatus, HubUp
from firmware_bridge.frames import Hello, Status

SECOND = 1_000_000_000
RATE = 50


class Room:
    """Two seats of one hub, second by second."""

    def __init__(self) -> None:
        self.excluded: frozenset[int] = frozenset()
        self.watch = SensorWatch({"hub-a": (4, 5)}, excluded=lambda: self.excluded)
        self._now = 100
        self._random = np.random.default_rng(1)

    def noise(self) -> np.ndarray:
        rest = np.tile(np.array([0.0, 0.0, 1.0], np.float32), (RATE, 2, 1))
        return rest + self._random.normal(0, 0.003, rest.shape).astype(np.float32)

    def second(self, rows: np.ndarray | None = None, *, skip: int = 0) -> np.ndarray:
        """One more second; what of it is believed."""
        self._now += 1 + skip
        times = self._now * SECOND + np.arange(RATE) * (SECOND // RATE)
        rows = self.noise() if rows is None else rows
        event = self.watch.look(HubSamples(hub="hub-a", boot_ns=times, acceleration=rows))
        assert isinstance(event, HubSamples)
        return event.acceleration

    @property
    def kinds(self) -> list[tuple[int | None, str]]:
        return [(fault.seat, fault.kind) for fault in self.watch.faults()]


def hello(*, seats: int = 2, rate_hz: float = 50.0, counts_per_g: int = 256) -> HubUp:
    return HubUp(
        hub="hub-a",
        hello=Hello(
            is_start=True, has_levels=False, tick_hz=1000, sample_rate_hz=rate_hz,
            counts_per_g=counts_per_g, seats=seats, hub_id="h", firmware="f", firmware_version="1",
        ),
    )  # fmt: skip


def test_sensors_that_work_are_passed_on_as_they_are() -> None:
    room = Room()
    for _ in range(60):
        rows = room.noise()
        assert room.second(rows) is rows
    assert room.kinds == []


def test_one_that_says_nothing_for_three_seconds_is_absent_until_it_answers() -> None:
    room = Room()
    room.second()
    silent = room.noise()
    silent[:, 0] = np.nan
    for _ in range(2):
        room.second(silent)
    assert room.kinds == []
    room.second(silent)
    assert room.kinds == [(4, "absent")]
    (fault,) = room.watch.faults()
    assert fault.said == "Seat 4 of hub-a: its sensor does not answer; check its plug and cable."
    room.excluded = frozenset({4})
    assert room.kinds == []
    room.excluded = frozenset()
    assert np.isfinite(room.second()).all()
    assert room.kinds == []


def test_one_that_repeats_itself_is_left_out_after_thirty_seconds() -> None:
    room = Room()
    room.second()
    value = np.array([0.01, 0.02, 0.99], np.float32)
    shown = []
    for _ in range(32):
        rows = room.noise()
        rows[:, 1] = value
        shown.append(bool(np.isfinite(room.second(rows)[:, 1]).all()))
    assert shown == [True] * 30 + [False] * 2
    assert room.kinds == [(5, "stuck")]
    assert "the same value for 30 s" in room.watch.faults()[0].said
    assert np.isfinite(room.second()).all()
    assert room.kinds == []


def test_a_coarse_sensor_may_repeat_itself_for_ten_minutes() -> None:
    room = Room()
    room.watch.look(hello(counts_per_g=64))
    rows = np.tile(np.array([0.0, 0.0, 1.0], np.float32), (RATE, 2, 1))
    for _ in range(600):
        room.second(rows)
    assert room.kinds == []
    room.second(rows)
    assert room.kinds == [(4, "stuck"), (5, "stuck")]


def test_one_that_shows_too_little_gravity_or_too_much_is_left_out_after_ten_seconds() -> None:
    for factor in (0.25, 2.5):
        room = Room()
        room.second()
        for _ in range(11):
            rows = room.noise()
            rows[:, 0] = rows[:, 0] * factor + room.noise()[:, 0] * 0.01
            shown = room.second(rows)
        assert np.isnan(shown[:, 0]).all()
        assert np.isfinite(shown[:, 1]).all()
        assert room.kinds == [(4, "range")]
        assert f"{factor + 0.01:.2f} g" in room.watch.faults()[0].said
        room.second()
        assert room.kinds == []


def test_one_that_filters_gravity_out_is_no_fault() -> None:
    """Some recordings have none; what they know of movement is as good as any other."""
    room = Room()
    swing = np.sin(2 * np.pi * 3 * np.arange(RATE) / RATE).astype(np.float32)
    for second in range(40):
        rows = room.noise()
        rows[:, 0, 2] -= 1.0
        rows[:, 0, 0] += 0.3 * swing * (second % 3)
        room.second(rows)
    assert room.kinds == []


def test_a_lively_seat_is_no_fault() -> None:
    room = Room()
    swing = np.sin(2 * np.pi * 3 * np.arange(RATE) / RATE).astype(np.float32)
    for _ in range(40):
        rows = room.noise()
        rows[:, 0, 0] += 2.0 * swing
        room.second(rows)
    assert room.kinds == []


def test_a_break_between_lessons_says_nothing_about_a_sensor() -> None:
    room = Room()
    rows = room.noise()
    rows[:, 1] = rows[0, 1]
    for _ in range(20):
        room.second(rows)
    room.second(rows, skip=600)
    assert room.kinds == []


def test_a_hub_with_other_seats_a_low_rate_or_no_line_is_named() -> None:
    room = Room()
    room.watch.look(hello(seats=3, rate_hz=20.0))
    assert room.kinds == [(None, "settings"), (None, "rate")]
    assert "hub-a takes 20 samples a second, and at least 25" in room.watch.faults()[1].said
    room.watch.look(hello())
    assert room.kinds == []
    room.watch.look(HubDown(hub="hub-a", reason="Port /dev/x is not there."))
    assert [fault.said for fault in room.watch.faults()] == ["Port /dev/x is not there."]
    room.watch.look(hello())
    assert room.kinds == []


def test_a_hub_that_sends_fewer_seats_leaves_the_others_missing() -> None:
    room = Room()
    for _ in range(5):
        shown = room.second(room.noise()[:, :1])
    assert shown.shape[1] in {1, 2}
    assert room.kinds == [(5, "absent")]


def status(seats_missing: int) -> HubStatus:
    return HubStatus(
        hub="hub-a",
        status=Status(
            tick=0, uptime_s=1, samples_dropped=0, frames_dropped=0, requests_refused=0,
            seats_missing=seats_missing, is_sound_missing=False,
        ),
    )  # fmt: skip


def test_a_hub_at_rest_names_the_sensors_that_do_not_answer() -> None:
    room = Room()
    room.watch.look(hello())
    room.watch.look(status(0b10))
    assert room.kinds == [], "once may be a loose plug"
    room.watch.look(status(0b10))
    assert room.kinds == [(5, "absent")]
    room.watch.look(status(0b01))
    assert room.kinds == []
    room.watch.look(status(0b11))
    assert room.kinds == [(4, "absent")]
    room.excluded = frozenset({4})
    assert room.kinds == []
    room.watch.look(hello())
    assert room.kinds == []
