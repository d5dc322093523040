"""The parts of a run: which number means what."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contract.parts import (
    MAX_HUBS,
    RUN_BITS,
    SOUND_LINE,
    gap_run,
    late_run,
    line_of,
    part_of,
    run_of,
)

runs = st.integers(0, (1 << RUN_BITS) - 1)
lines = st.integers(1, SOUND_LINE)


@given(run=runs, line=lines)
def test_each_part_has_a_number_of_its_own_that_a_message_can_carry(run: int, line: int) -> None:
    numbers = {run}
    for each in range(1, SOUND_LINE + 1):
        numbers |= {late_run(run, each), gap_run(run, each)}
    assert len(numbers) == 1 + 2 * SOUND_LINE
    assert all(0 <= number < 1 << 63 and run_of(number) == run for number in numbers)
    assert line_of(late_run(run, line)) == line_of(gap_run(run, line)) == line
    assert part_of(run) == line_of(run) == 0
    # A part's part is that of its run.
    assert late_run(gap_run(run, line), line) == late_run(run, line)


def test_there_is_room_for_every_hub() -> None:
    assert SOUND_LINE == MAX_HUBS + 1
