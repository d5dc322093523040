"""The parts of a run: which number means what."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contract.wire.parts import (
    IN_TIME,
    MAX_HUBS,
    MAX_PART,
    RUN_BITS,
    SOUND_LINE,
    gap_part,
    is_late_part,
    late_part,
    line_of,
    packed_run,
    unpacked_run,
)

runs = st.integers(0, (1 << RUN_BITS) - 1)
lines = st.integers(1, SOUND_LINE)


@given(lines)
def test_a_part_tells_its_line_and_what_it_holds(line: int) -> None:
    parts = {IN_TIME}
    for each in range(1, SOUND_LINE + 1):
        parts |= {late_part(each), gap_part(each)}
    assert len(parts) == 1 + 2 * SOUND_LINE
    assert all(IN_TIME <= part <= MAX_PART for part in parts)
    assert line_of(late_part(line)) == line_of(gap_part(line)) == line
    assert line_of(IN_TIME) == 0
    assert is_late_part(late_part(line))
    assert not is_late_part(gap_part(line))
    assert not is_late_part(IN_TIME)


@given(runs, st.integers(IN_TIME, MAX_PART))
def test_one_number_can_name_both(run: int, part: int) -> None:
    number = packed_run(run, part)
    assert 0 <= number < 1 << 63
    assert unpacked_run(number) == (run, part)
    assert packed_run(run, IN_TIME) == run


def test_every_hub_and_the_sound_has_a_line() -> None:
    assert SOUND_LINE == MAX_HUBS + 1
