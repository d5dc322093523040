"""Where a shared playhead stands, whatever its leader says and however long that takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contract.clock import SECOND_NS
from dashboard_api.together.playhead import OLDEST_NS, Playhead, moved

TIMES = st.integers(0, 10**15)
POSITIONS = st.floats(0, 86_400)
RATES = st.floats(0.1, 8)


@given(POSITIONS, RATES, TIMES, st.integers(0, 3_600))
def test_it_goes_on_at_its_rate_while_it_plays(
    position: float, rate: float, at: int, later_s: int
) -> None:
    playing = Playhead(revision=1, position_s=position, is_playing=True, rate=rate, at_ns=at)
    now = at + later_s * SECOND_NS
    assert abs(playing.position_at(now) - (position + rate * later_s)) < 1e-6
    still = Playhead(revision=1, position_s=position, is_playing=False, rate=rate, at_ns=at)
    assert still.position_at(now) == position


@given(POSITIONS, RATES, TIMES, st.integers(0, OLDEST_NS))
def test_the_way_that_a_report_took_does_not_matter(
    position: float, rate: float, now: int, took: int
) -> None:
    said = moved(
        Playhead(revision=4), position_s=position, is_playing=True, rate=rate,
        at_ns=now - took, now_ns=now,
    )  # fmt: skip
    assert said.revision == 5
    assert abs(said.position_at(now) - (position + rate * took / SECOND_NS)) < 1e-6


@given(st.one_of(st.none(), st.integers(-(10**18), 10**18)), TIMES)
def test_a_time_that_can_t_be_is_none_to_go_by(at: int | None, now: int) -> None:
    said = moved(
        Playhead(), position_s=10.0, is_playing=True, rate=1.0, at_ns=at, now_ns=now
    )  # fmt: skip
    assert now - OLDEST_NS <= said.at_ns <= now
    assert 10 <= said.position_at(now) <= 10 + OLDEST_NS / SECOND_NS + 1e-6
