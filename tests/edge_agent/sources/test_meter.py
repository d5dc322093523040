"""A sound-level meter on a serial line: its lines, its silences, and what becomes of its levels."""

from __future__ import annotations

import math
import os
import threading
import tty
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import ConfigurationError, LinkError
from contract.quantities.sound import SoundQuantities, energy_mean, sound_rows
from edge_agent.sources.level_lines import SLOT_NS, LevelLines, LevelSlots
from edge_agent.sources.meter import MeterSettings, MeterSource
from firmware_bridge.events import Levels

SECOND = 1_000_000_000


def settings_of(**more: object) -> MeterSettings:
    fields: dict[str, object] = {"kind": "meter", "name": "meter", "port": "/dev/meter"}
    return MeterSettings.checked(fields | more, where="edge.toml")


class Line:
    """A meter's line on the test's clock. `says` makes the text for each time that it speaks."""

    def __init__(
        self,
        bench: Any,
        says: Callable[[int], str],
        *,
        every_s: float = 1.0,
        is_asked: bool = False,
    ) -> None:
        self.sent: list[str] = []
        self.sent_at: list[int] = []
        self._bench = bench
        self._says = says
        self._every_ns = round(every_s * SECOND)
        self._due_ns = bench.clock.now_ns + self._every_ns
        self._is_asked = is_asked
        self._waiting = b""

    def wait(self, timeout_s: float) -> bool:
        self._bench.clock.advance(0.0101)
        if not self._is_asked and self._bench.clock.now_ns >= self._due_ns:
            self._due_ns += self._every_ns
            self._waiting += self._says(self._bench.clock.now_ns).encode()
        return bool(self._waiting)

    def read(self, gather_s: float = 0.0) -> bytes:
        data, self._waiting = self._waiting, b""
        return data

    def write(self, data: bytes) -> bool:
        self.sent.append(data.decode())
        self.sent_at.append(self._bench.clock.now_ns)
        if self._is_asked and data.endswith(b"?\r\n"):
            self._waiting += self._says(self._bench.clock.now_ns).encode()
        return True

    def close(self) -> None: ...


def heard(bench: Any) -> list[Levels]:
    return [event for event in bench.events if isinstance(event, Levels)]


def run(bench: Any, settings: MeterSettings, line: Line, *, seconds: float) -> MeterSource:
    source = MeterSource(settings, bench.wiring, open_line=lambda _port, _baud: line)
    source.run(bench.stop_after(seconds))
    return source


def test_a_level_a_second_becomes_an_energy_mean_and_nothing_more(bench: Any) -> None:
    line = Line(bench, lambda now: f"LAeq={55.0 + 5 * (now // SECOND % 2):.1f} dB\r\n")
    source = run(bench, settings_of(), line, seconds=12)
    (up,) = bench.ups
    assert (up.hello.has_levels, up.hello.seats) == (True, 0)
    times = np.concatenate([event.boot_ns for event in heard(bench)])
    levels = np.concatenate([event.laeq for event in heard(bench)])
    assert (np.diff(times) == SLOT_NS).all()
    assert (times % SLOT_NS == 0).all()
    rows = sound_rows(levels[8:16], is_coarse=all(event.is_coarse for event in heard(bench)))
    values = SoundQuantities().update(rows)
    # The eighths of a second are of one level or of the other, but for those where it changes.
    assert 55.0 < values[0] < 60.0
    assert np.isnan(values[1:]).all()
    assert energy_mean(levels[:80]) == pytest.approx(
        10 * math.log10((10**5.5 + 10**6.0) / 2), abs=0.3
    )
    assert source.counters()["levels"] in {11, 12}
    assert source.faults() == ()


def test_fast_levels_say_the_highest_too(bench: Any) -> None:
    draw = np.random.default_rng(1)
    said: list[float] = []

    def says(_now: int) -> str:
        said.append(round(float(draw.uniform(40, 80)), 1))
        return f"{said[-1]}\n"

    line = Line(bench, says, every_s=0.125)
    run(bench, settings_of(measures="fast", interval_s=0.125), line, seconds=5)
    highest = np.concatenate([event.lafmax for event in heard(bench) if event.lafmax is not None])
    assert set(np.round(highest, 1)) <= set(np.float32(said))
    assert float(highest.max()) == np.float32(max(said))
    assert not any(event.is_coarse for event in heard(bench))
    assert settings_of(measures="slow", interval_s=0.125).is_coarse


def test_a_meter_that_must_be_asked_is_asked_in_lessons_alone(bench: Any) -> None:
    begins, ends = bench.clock.now_ns + 5 * SECOND, bench.clock.now_ns + 9 * SECOND
    bench.is_on = lambda boot_ns: begins <= boot_ns < ends
    line = Line(bench, lambda _: "R+0000\r\n 052.3, 060.1\r\n", is_asked=True)
    settings = settings_of(begin="Measure,Start\r\n", ask="DOD?\r\n", pattern=r"^(\d+\.\d+),")
    source = run(bench, settings, line, seconds=20)
    assert line.sent == ["Measure,Start\r\n", *["DOD?\r\n"] * 4]
    assert all(begins <= at < ends for at in line.sent_at[1:])
    assert all(begins <= at < ends for event in heard(bench) for at in event.boot_ns)
    assert {float(level) for event in heard(bench) for level in event.laeq} == {np.float32(52.3)}
    assert source.counters()["lines_refused"] == 4  # the result codes
    assert source.faults() == ()


def test_what_it_says_outside_lessons_is_dropped(bench: Any) -> None:
    bench.is_on = lambda _: False
    source = run(bench, settings_of(), Line(bench, lambda _: "60.0\n"), seconds=30)
    assert bench.events == []
    assert source.counters()["levels"] == 0


def test_a_silent_meter_or_one_in_another_language_is_said(bench: Any) -> None:
    for text, expected in (
        ("", "said no level for 5 s"),
        ("OVERLOAD\n", "said 'OVERLOAD', and no"),
    ):
        bench.events.clear()
        source = run(bench, settings_of(), Line(bench, lambda _, text=text: text), seconds=7)
        (reason,) = bench.downs
        assert expected in reason
        (fault,) = source.faults()
        assert (fault.kind, fault.said) == ("absent", reason)


def test_levels_that_can_not_be_are_no_levels(bench: Any) -> None:
    source = run(bench, settings_of(), Line(bench, lambda _: "-12.5 dB\n 999.9\n"), seconds=4)
    assert heard(bench) == [] or source.counters()["levels"]
    lines = LevelLines(settings_of().pattern)
    assert list(lines.feed(b"999.9\n151.0\nno 7\n 62 dBA\n")) == [62.0]
    assert lines.refused == 3


def test_a_meter_that_never_changes_is_stuck_and_left_out(bench: Any) -> None:
    start = bench.clock.now_ns
    source = run(bench, settings_of(), Line(bench, lambda _: "30.0\n"), seconds=80)
    (fault,) = source.faults()
    assert fault.kind == "stuck"
    assert fault.said.startswith("meter has said 30 dB for 60 s")
    assert max(int(event.boot_ns[-1]) for event in heard(bench)) < start + 62 * SECOND


def test_a_port_that_is_not_there_is_said_once(bench: Any) -> None:
    def no_line(port: str, _baud: int) -> Line:
        raise LinkError(f"Port {port} can't be opened: there is no such device.")

    source = MeterSource(settings_of(), bench.wiring, open_line=no_line)
    source.run(bench.stop_after(60))
    assert bench.downs == ["Port /dev/meter can't be opened: there is no such device."]
    assert source.faults()[0].said == bench.downs[0]
    (finding,) = MeterSource.look_over(settings_of(port="/nonexistent/tty"))
    assert finding.state == "wrong"


def test_it_reads_a_real_serial_line(bench: Any) -> None:
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    stop = threading.Event()
    source = MeterSource(settings_of(port=os.ttyname(theirs)), bench.wiring)
    thread = threading.Thread(target=source.run, args=(stop,))
    thread.start()

    def comes(count: int, text: bytes = b"") -> bool:
        """Whether so many levels come; what is written before the port is open may be lost."""
        for _ in range(6000):
            if source.counters()["levels"] >= count:
                return True
            os.write(ours, text)
            stop.wait(0.02)
        return False

    try:
        assert comes(1, b"61.0 dBA\n")
        known = source.counters()["levels"]
        bench.clock.advance(1.0)
        os.write(ours, b"61")
        os.write(ours, b".5 dBA\n")
        assert comes(known + 1)
    finally:
        stop.set()
        thread.join(60)
        os.close(ours)
        os.close(theirs)
    assert not thread.is_alive()
    levels = {float(level) for event in heard(bench) for level in event.laeq}
    assert 61.5 in levels
    assert levels <= {61.0, 61.5}


@given(st.lists(st.tuples(st.floats(0.05, 3.0), st.floats(20.0, 110.0)), min_size=2, max_size=40))
def test_slots_are_in_order_and_between_the_levels(steps: list[tuple[float, float]]) -> None:
    slots, at, found = LevelSlots(interval_s=1.0), 50 * SECOND, []
    for wait_s, level in steps:
        at += round(wait_s * SECOND)
        found += list(slots.add(at, level))
    begins = [slot.begins_ns for slot in found]
    assert begins == sorted(set(begins))
    lowest, highest = min(level for _, level in steps), max(level for _, level in steps)
    for slot in found:
        assert lowest - 1e-6 <= slot.mean_db <= slot.highest_db + 1e-6 <= highest + 2e-6
        assert slot.begins_ns + SLOT_NS <= at


def test_a_level_stands_for_one_interval_and_a_half_at_most() -> None:
    slots = LevelSlots(interval_s=1.0)
    list(slots.add(10 * SECOND, 60.0))
    found = list(slots.add(20 * SECOND, 70.0))
    assert found[0].begins_ns == round(18.5 * SECOND)
    assert len(found) == 12


@pytest.mark.parametrize("pattern", ("(", r"\d+"))
def test_a_pattern_without_a_level_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigurationError, match=r"pattern is .* expected .*regular expression"):
        settings_of(pattern=pattern)
