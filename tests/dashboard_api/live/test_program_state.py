"""When a program counts as gone or hanging, and since when: by passed-in times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contract.clock import SECOND_NS
from dashboard_api.live.program_state import Moment, ProcessLook, ProgramState, Sightings
from ingest.monitoring.heartbeat import Beat

BEAT = Beat(program="ingest", is_turning=True)
SLEEPS = ProcessLook(state="S", cpu_ticks=7)


def at(second: float) -> Moment:
    return Moment(elapsed_ns=round(second * SECOND_NS), utc_ns=round((1_000 + second) * SECOND_NS))


def works_until(second: float) -> Sightings:
    seen = Sightings()
    seen.heard(BEAT, at(second))
    return seen


def test_at_first_nothing_is_known() -> None:
    assert Sightings().state == ProgramState(state="unknown")


def test_a_program_that_ended_is_gone_since_its_last_beat() -> None:
    seen = works_until(10)
    seen.gone(at(10.2))
    assert seen.state.state == "works"  # another may be taking its place
    seen.gone(at(11.2))
    assert seen.state == ProgramState(state="gone", since_utc_ns=at(10).utc_ns)
    seen.heard(BEAT, at(20))
    assert seen.state == ProgramState(state="works", since_utc_ns=at(20).utc_ns)


def test_a_program_that_was_never_seen_is_gone_at_once_and_nobody_knows_since_when() -> None:
    seen = Sightings()
    seen.gone(at(5))
    assert seen.state == ProgramState(state="gone")


def test_a_suspended_program_hangs_at_its_first_missed_beat() -> None:
    seen = works_until(10)
    seen.missed(ProcessLook(state="T", cpu_ticks=7))
    assert seen.state == ProgramState(state="hangs", since_utc_ns=at(10).utc_ns)


def test_a_program_that_does_nothing_hangs_after_three_missed_beats() -> None:
    for process in (SLEEPS, None):
        seen = works_until(10)
        seen.missed(process)
        seen.missed(process)
        assert seen.state.state == "works"
        seen.missed(process)
        assert seen.state.state == "hangs"


def test_one_missed_beat_is_forgotten_with_the_next_one_that_comes() -> None:
    # So it is when this program was suspended itself.
    seen = works_until(10)
    for second in range(20):
        seen.missed(SLEEPS)
        seen.missed(SLEEPS)
        seen.heard(BEAT, at(12 + second))
    assert seen.state.state == "works"


@given(st.lists(st.sampled_from(["R", "D", "S+"]), max_size=14))
def test_a_busy_program_is_not_called_dead(kinds: list[str]) -> None:
    seen = works_until(10)
    ticks = 7
    for number, kind in enumerate(kinds):
        ticks += kind == "S+"
        # A first look has nothing to compare with.
        seen.missed(ProcessLook(state=kind[0], cpu_ticks=ticks))
        assert seen.state.state == "works", number


def test_a_program_that_is_busy_for_ever_hangs() -> None:
    seen = works_until(10)
    for _ in range(15):
        seen.missed(ProcessLook(state="R", cpu_ticks=7))
    assert seen.state.state == "hangs"


def test_a_loop_that_stands_still_hangs() -> None:
    seen = works_until(10)
    seen.heard(Beat(program="ingest", is_turning=False), at(11))
    assert seen.state == ProgramState(state="hangs", since_utc_ns=at(10).utc_ns)


def test_what_is_missing_is_shown_after_a_moment_with_its_beginning() -> None:
    seen = works_until(10)
    without = Beat(program="ingest", is_turning=True, missing=("link",))
    for half in range(3):
        seen.heard(without, at(11 + half / 2))
        assert seen.state.missing == ()
    seen.heard(without, at(12.5))
    assert seen.state.missing == (("link", at(11).utc_ns),)
    assert seen.state.state == "works"
    seen.heard(BEAT, at(13))
    assert seen.state.missing == ()


STEPS = st.sampled_from(["heard", "gone", "missed", "suspended", "unknowable", "stands"])


@given(st.lists(STEPS, max_size=30))
def test_whatever_happens_the_state_follows_and_since_is_the_last_beat(steps: list[str]) -> None:
    seen, last = Sightings(), None
    for second, step in enumerate(steps):
        now = at(second)
        match step:
            case "heard":
                seen.heard(BEAT, now)
                last = now.utc_ns
                assert seen.state.state == "works"
            case "gone":
                seen.gone(now)
            case "missed":
                seen.missed(SLEEPS)
            case "suspended":
                seen.missed(ProcessLook(state="T", cpu_ticks=7))
                assert seen.state.state == "hangs"
            case "unknowable":
                seen.unknowable()
                assert seen.state.state == "unknown"
            case "stands":
                seen.heard(Beat(program="ingest", is_turning=False), now)
                assert seen.state.state == "hangs"
        assert seen.state.since_utc_ns == last
        assert "heard" in steps[: second + 1] or seen.state.state != "works"
