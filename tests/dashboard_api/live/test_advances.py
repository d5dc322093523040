"""Since when a number has not grown, whatever the clock that it came with."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contract.clock import SECOND_NS
from dashboard_api.live.advances import Advances
from dashboard_api.live.program_state import Moment

AFTER_S = 3


def at(second: float, speed: float = 1.0) -> Moment:
    return Moment(
        elapsed_ns=round(second * SECOND_NS), utc_ns=round((5_000 + second * speed) * SECOND_NS)
    )


def ask(advances: Advances, value: int, now: Moment, off_s: float = 0.0) -> int | None:
    true_utc_ns = round((5_000 + value + off_s) * SECOND_NS)
    return advances.stopped_since("a", value, true_utc_ns=true_utc_ns, now=now, after_s=AFTER_S)


@given(st.floats(-300, 300), st.integers(1, 30))
def test_a_kit_that_is_wrong_about_the_time_is_heard_all_the_same(off_s: float, n: int) -> None:
    advances = Advances()
    ask(advances, 0, at(0), off_s)
    for second in range(1, n):
        assert ask(advances, second, at(second), off_s) is None


@given(st.floats(-300, 300), st.floats(3.01, 1e6))
def test_what_stops_has_stopped_since_it_last_grew(off_s: float, wait_s: float) -> None:
    advances = Advances()
    ask(advances, 0, at(0), off_s)
    assert ask(advances, 1, at(1), off_s) is None
    assert ask(advances, 1, at(4), off_s) is None
    assert ask(advances, 1, at(1 + wait_s), off_s) == at(1).utc_ns


@given(st.floats(10, 100))
def test_a_simulation_that_runs_fast_waits_as_long(speed: float) -> None:
    advances = Advances()
    for tenth in range(30):
        assert ask(advances, int(tenth * speed / 10), at(tenth / 10, speed)) is None
    value = int(2.9 * speed)
    assert ask(advances, value, at(5.8, speed)) is None
    assert ask(advances, value, at(6.0, speed)) is not None


def test_what_is_old_when_it_is_first_seen_has_stopped() -> None:
    advances = Advances()
    assert ask(advances, 0, at(10)) is None
    assert ask(Advances(), 0, at(11)) == at(0).utc_ns


def test_after_a_pause_in_looking_what_has_grown_is_seen_for_the_first_time() -> None:
    advances = Advances()
    assert ask(advances, 0, at(0)) is None
    assert ask(advances, 100, at(3_600)) == at(100).utc_ns
    advances = Advances()
    assert ask(advances, 0, at(0)) is None
    assert ask(advances, 3_599, at(3_600)) is None


def test_few_are_remembered() -> None:
    advances = Advances()
    for key in range(10_050):
        advances.stopped_since(key, 0, true_utc_ns=0, now=at(0), after_s=AFTER_S)
    assert len(advances._held) == 10_000
