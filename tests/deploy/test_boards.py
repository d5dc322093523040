"""The boards for Grafana against its own schema, from the SDK that Grafana publishes."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

BOARDS = sorted((Path(__file__).parents[2] / "deploy/grafana").glob("*.json"))

register_default_plugins()


def lost(board: Any, read: Any, where: str = "") -> Iterator[str]:
    """The places of a board at which Grafana's own types hold something else, or nothing."""
    if isinstance(board, dict) and isinstance(read, dict):
        for key, value in board.items():
            yield from lost(value, read.get(key), f"{where}.{key}")
    elif isinstance(board, list) and isinstance(read, list) and len(board) == len(read):
        for number, (value, found) in enumerate(zip(board, read, strict=True)):
            yield from lost(value, found, f"{where}[{number}]")
    elif board != read:
        yield where


def through_schema(board: dict[str, Any]) -> Any:
    return json.loads(JSONEncoder().encode(Dashboard.from_json(board)))


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_grafana_s_types_hold_all_of_a_board(path: Path) -> None:
    board = json.loads(path.read_text(encoding="utf-8"))
    assert list(lost(board, through_schema(board))) == []
    panels = Dashboard.from_json(board).panels or []
    kinds = {type(panel.options).__module__ for panel in panels if isinstance(panel, Panel)}
    assert kinds == {f"grafana_foundation_sdk.models.{kind}" for kind in ("stat", "timeseries")}


@pytest.mark.parametrize(
    "spoilt",
    (
        ("panels", 0, "fieldConfg"),
        ("panels", 0, "options", "reduceOption"),
        ("panels", 2, "fieldConfig", "defaults", "units"),
        ("templating", "list", 1, "includeall"),
        ("time", "until"),
    ),
    ids=lambda spoilt: spoilt[-1],
)
def test_a_wrong_name_is_found(spoilt: tuple[str | int, ...]) -> None:
    board = json.loads(BOARDS[0].read_text(encoding="utf-8"))
    changed = copy.deepcopy(board)
    *way, name = spoilt
    place = changed
    for step in way:
        place = place[step]
    place[name] = 1
    (found,) = lost(changed, through_schema(changed))
    assert found.endswith(f".{name}")
