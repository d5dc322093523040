"""A hub as a source: it may read the seats of a lesson, and no others."""

from __future__ import annotations

import pytest

from edge_agent.sources.hub import HubSettings, HubSource
from tests.edge_agent.sources.conftest import SECOND, Bench

SETTINGS = HubSettings(name="hub-a", port="/dev/null", seats=(9, 10, 11, 12, 13, 14, 15, 16))


@pytest.mark.parametrize(
    ("excluded", "seats"),
    (
        (frozenset(), 0b11111111),
        (frozenset({9}), 0b11111110),
        (frozenset({16, 11, 40}), 0b01111011),
        (frozenset(range(1, 30)), 0),
    ),
)
def test_a_seat_that_has_opted_out_is_not_wanted(excluded: frozenset[int], seats: int) -> None:
    bench = Bench(excluded=excluded)
    assert HubSource(SETTINGS, bench.wiring).seats_wanted(0) == seats


def test_outside_lessons_no_seat_is_wanted() -> None:
    bench = Bench(is_on=lambda boot_ns: boot_ns >= 10 * SECOND)
    source = HubSource(SETTINGS, bench.wiring)
    assert source.seats_wanted(10 * SECOND - 1) == 0
    assert source.seats_wanted(10 * SECOND) == 0xFF
