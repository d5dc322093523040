"""Periods on whole seconds: runs that follow one another, clocks that are slightly wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.clock import SECOND_NS
from contract.lesson import Zone
from contract.quantities.table import encode
from contract.wire.messages import Birth, Timebase
from contract.wire.parts import SOUND_LINE, gap_part
from contract.wire.payload import FULL_LAYOUT_CODES, Batch, Gap, Layout
from dashboard_api.views.missing import missing_sentences
from dashboard_api.views.readings import GapSpan, MissingSpan, read_room, sensed_seconds
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.records import Arrival, Tick
from school.lessons.records import Lesson

START = 1_763_460_300 * SECOND_NS
LAYOUT = Layout((1, 2, 3, 4, 5), *FULL_LAYOUT_CODES)


def keep(store, *, run, utc_ns, first, n, level=60.0, node="pi", layout=LAYOUT) -> None:
    """Periods first … first + n - 1 of a run whose seq 0 was at `utc_ns`."""
    boot = f"boot-{run}"
    names = {"node": node, "run": run}
    seat = encode(np.full((n, 5, 13), 20.0), "seat")[:, :, : len(layout.seat_codes)]
    room = encode(np.full((n, 5), level), "room")[:, : len(layout.room_codes)]
    values = layout.rows(seat, room)
    birth = Birth(
        **names, boot=boot, software="1", period_ns=SECOND_NS, run_boot_ns=0, hubs=(),
        seat_codes=layout.seat_codes, room_codes=layout.room_codes, units={}, synchronised=True,
    )  # fmt: skip
    timebase = Timebase(**names, boot=boot, boot_ns=0, utc_ns=utc_ns, error_ns=1, synchronised=True)
    batch = Batch(
        **names, first_seq=first, boot_ns=first * SECOND_NS, period_ns=SECOND_NS,
        synchronised=True, waited_ms=1, layout=layout, values=values,
    )  # fmt: skip
    store.commit(
        Tick(
            received_utc_ns=utc_ns, births=[("school", "r", birth)], timebases=[timebase],
            arrivals=[Arrival(site="school", room="r", is_live=True, message=batch)],
        )
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    st.integers(-1_500_000_000, 1_500_000_000),
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20)), min_size=1, max_size=4),
)
def test_gaps_are_exactly_the_seconds_without_periods(shift_ns, pieces):
    store = MemoryPeriodStore()
    covered = set()
    for first, n in pieces:
        keep(store, run=1, utc_ns=START + shift_ns, first=first, n=n)
        covered |= set(range(first, first + n))
    readings = read_room(store, "r", START, START + 90 * SECOND_NS)
    missing = {s for gap in readings.gaps for s in range(gap.start_s, gap.end_s)}
    has_value = set(np.flatnonzero(~np.isnan(readings.levels["laeq_1s"])).tolist())
    assert missing | has_value == set(range(90))
    assert not missing & has_value
    # The clock may shift everything by up to two seconds, but never fills a gap.
    for second in missing:
        assert not {second - 2, second - 1, second, second + 1, second + 2} <= covered
    assert abs(len(has_value) - len(covered)) <= 2 * len(pieces) + 2


def test_two_runs_of_a_room_make_one_lesson():
    store = MemoryPeriodStore()
    keep(store, run=1, utc_ns=START, first=0, n=30, level=60)
    keep(store, run=2, utc_ns=START + 40 * SECOND_NS, first=0, n=20, level=70)
    readings = read_room(store, "r", START, START + 60 * SECOND_NS)
    assert [(gap.start_s, gap.end_s, gap.reason) for gap in readings.gaps] == [
        (30, 40, "not_received")
    ]
    assert readings.levels["laeq_1s"][10] == 60
    assert readings.levels["laeq_1s"][50] == 70
    assert readings.seats_sensed[50] == 5
    assert sensed_seconds(store, "r", START, START + 60 * SECOND_NS) == (50.0, 0)


def test_periods_without_a_date_are_in_no_lesson():
    store = MemoryPeriodStore()
    keep(store, run=1, utc_ns=START, first=0, n=10)
    for room, start in (("other", START), ("r", START + 3600 * SECOND_NS)):
        readings = read_room(store, room, start, start + 10 * SECOND_NS)
        assert readings.gaps == (GapSpan(start_s=0, end_s=10, reason="not_received"),)


@pytest.mark.parametrize("drawn", (("laeq_1s", "la10"), ()), ids=("three", "none"))
def test_pages_of_a_lesson_whose_kit_knows_fewer_quantities_of_the_room(client, stores, drawn):
    layout = Layout(LAYOUT.seats, room_codes=LAYOUT.room_codes[:3] if drawn else ())
    keep(stores.periods, run=1, utc_ns=START, first=0, n=600, layout=layout)
    stores.lessons.put(
        Lesson(
            id="x", room="r", teacher="t", title="Sums", starts_utc_ns=START,
            ends_utc_ns=START + 600 * SECOND_NS, source="button",
        )
    )  # fmt: skip
    readings = read_room(stores.periods, "r", START, START + 600 * SECOND_NS)
    for name, levels in readings.levels.items():
        assert (levels == 60).all() if name in drawn else np.isnan(levels).all()
    assert readings.gaps == ()
    assert (readings.seats_sensed == 5).all()
    for path in ("/lessons/x", "/lessons/x/table", "/rooms/r/live"):
        assert client.get(path, headers={"accept": "text/html"}).status_code == 200
    noise = client.get("/api/lessons/x/timeline").json()["noise"]
    assert set(noise["mean"]) == ({60.0} if drawn else {None})


def test_a_kit_without_seat_values_has_sensed_no_seat():
    store = MemoryPeriodStore()
    keep(store, run=1, utc_ns=START, first=0, n=10, layout=Layout(LAYOUT.seats, seat_codes=()))
    readings = read_room(store, "r", START, START + 10 * SECOND_NS)
    assert (readings.seats_sensed == 0).all()
    assert (readings.levels["la90"] == 60).all()


def test_missing_data_of_one_hub_are_reported_next_to_sensed_data() -> None:
    store = MemoryPeriodStore()
    keep(store, run=1, utc_ns=START, first=0, n=60)
    for number, seats, first in ((1, (1, 2), 10), (SOUND_LINE, (), 20)):
        gap = Gap(
            node="pi", run=1, part=gap_part(number), first_seq=first, n=8, boot_ns=first * SECOND_NS,
            period_ns=SECOND_NS, synchronised=True, seats=seats, reason="serial",
        )  # fmt: skip
        arrival = Arrival(site="school", room="r", is_live=False, message=gap)
        store.commit(Tick(received_utc_ns=START, arrivals=[arrival]))
    readings = read_room(store, "r", START, START + 60 * SECOND_NS)
    assert (readings.gaps, readings.length_s) == ((), 60)
    assert readings.missing == (
        MissingSpan(start_s=10, end_s=18, reason="serial", seats=(1, 2), hub="hub 1"),
        MissingSpan(start_s=20, end_s=28, reason="serial", seats=(), hub="hub 9"),
    )
    assert sensed_seconds(store, "r", START, START + 60 * SECOND_NS) == (60.0, 0)
    zones = (Zone(name="Table 1", seats=(1, 2, 3)), Zone(name="Table 2", seats=(4, 5)))
    assert missing_sentences(readings.missing, zones) == [
        "Table 1: 8 s missing (the sensors' cable or hub did not answer).",
        "The room's noise: 8 s missing (the sensors' cable or hub did not answer).",
    ]
    assert missing_sentences(readings.missing, ())[0].startswith("hub 1: 8 s missing")


def test_the_seats_of_two_kits_are_added_up_and_one_kit_s_noise_stays():
    store = MemoryPeriodStore()
    quiet = Layout((6, 7, 8, 9, 10), LAYOUT.seat_codes, ())
    keep(store, run=1, utc_ns=START, first=0, n=20)
    keep(store, run=2, utc_ns=START + 5 * SECOND_NS, first=0, n=20, node="second", layout=quiet)
    found = read_room(store, "r", START, START + 30 * SECOND_NS)
    assert found.seats == 10
    assert found.seats_sensed.tolist() == [5] * 5 + [10] * 15 + [5] * 5 + [0] * 5
    assert {kit: int(seats.sum()) for kit, seats in found.by_kit.items()} == {
        "pi": 100,
        "second": 100,
    }
    assert np.isfinite(found.levels["laeq_1s"]).tolist() == [True] * 20 + [False] * 10
    assert found.gaps == (GapSpan(start_s=25, end_s=30, reason="not_received"),)
    assert found.since(START + 5 * SECOND_NS).by_kit["second"].sum() == 100
    # A second that both have sensed is one second.
    assert sensed_seconds(store, "r", START, START + 30 * SECOND_NS) == (20.0, 0)
