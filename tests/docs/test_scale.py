"""The page about scale shows what its script computes, from figures that other pages have."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "scale.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "scale_table.py"))


def test_the_page_has_the_computed_table(script: dict[str, Any]) -> None:
    assert script["table"]() in PAGE
    assert script["filled"](PAGE) == PAGE, "run python docs/scale_table.py"


def test_the_figures_it_starts_from_are_those_of_the_benchmarks(script: dict[str, Any]) -> None:
    benchmarks = (DOCS / "benchmarks.md").read_text(encoding="utf-8")
    for figure, words in (
        ("PAYLOAD_A_VALUE", f"| {script['PAYLOAD_A_VALUE']} / "),
        ("AT_REST_A_VALUE", f"| ≤ 0.8 | {script['AT_REST_A_VALUE']} |"),
        ("INGEST_VALUES_A_CPU_S", f"{script['INGEST_VALUES_A_CPU_S'] / 1e6:g} to "),
        ("SCORE_CORES_A_ROOM", f"{script['SCORE_CORES_A_ROOM'] * 1_200:g} of a core"),
        ("MOSQUITTO_CORES_A_ROOM", f"Mosquitto {script['MOSQUITTO_CORES_A_ROOM'] * 1_200:g}"),
    ):
        assert words in benchmarks, figure
    assert script["VALUES_A_MESSAGE"] == 30 * len(SEAT_QUANTITIES) + len(ROOM_QUANTITIES)


def test_what_the_text_repeats_is_what_was_computed(script: dict[str, Any]) -> None:
    state = script["STAGES"][-1].rooms
    assert f"{script['shards'](state)} shards" in PAGE
    assert f"{script['replica_series_a_day'](state) / 1e6:.1f} M a day" in PAGE
    assert f"{script['replica_values_s'](state) / 1e6:.1f} M" in PAGE
    core = 1 / script["ingest_cores"](1)
    assert f"an ingest at {round(core, -2):,.0f}" in PAGE
    assert f"one core at {round(1 / script['SCORE_CORES_A_ROOM'], -2):,.0f} rooms" in PAGE
