"""Texts for people: lengths, times, movement; the same in Python and in the scripts."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import get_args

import pytest

from contract.wire.payload import GapReason
from dashboard_api.views.text import (
    GAP_TEXT,
    amount_text,
    length_text,
    marked_text,
    movement_text,
    natural_key,
    position_text,
)
from dashboard_api.web.rendering import STATIC

LENGTHS = (0, 1, 59.4, 60, 61, 200, 599, 600, 601, 3000, 7199, 7200, 9000, 90_000, 400_000)


@pytest.mark.parametrize(
    ("seconds", "words"),
    (
        (45, "45 s"), (200, "3 min 20 s"), (120, "2 min"), (3000, "50 min"), (5400, "90 min"),
        (7200, "2 h"), (9000, "2 h 30 min"), (400_000, "4 days"),
    ),
)  # fmt: skip
def test_lengths(seconds, words):
    assert length_text(seconds) == words


def test_movement():
    assert movement_text(0.5) == "about as much movement as usual"
    assert movement_text(3) == "more movement than usual"
    assert movement_text(-7) == "much less movement than usual"
    assert movement_text(float("nan")) == "not known"
    assert amount_text(0.5) == "about as much as usual"
    assert amount_text(7) == "much more than usual"


def test_marked_moments():
    assert [marked_text(n) for n in (0, 1, 2)] == [
        "nothing marked", "1 moment marked", "2 moments marked",
    ]  # fmt: skip


def test_names_with_numbers_are_sorted_as_people_do():
    names = ["Room 10", "room 2", "", "12", "7b", "Room", "Room 2b"]
    assert sorted(names, key=natural_key) == [
        "", "7b", "12", "Room", "room 2", "Room 2b", "Room 10",
    ]  # fmt: skip


def test_every_reason_for_a_gap_has_a_text():
    assert set(get_args(GapReason)) < set(GAP_TEXT)


def test_the_scripts_say_the_same(tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node to run the scripts: apt-get install nodejs")
    # Outside a browser Node takes a script for a module only where a package says so.
    (tmp_path / "package.json").write_text('{"type": "module"}')
    for script in ("timeline/text.js", "shared/words.js"):
        (tmp_path / script).parent.mkdir()
        shutil.copy(STATIC / script, tmp_path / script)
    (tmp_path / "say.mjs").write_text(
        'import {lengthText, positionText, movementText} from "./timeline/text.js";'
        f"const s = {json.dumps(LENGTHS)};"
        "console.log(JSON.stringify("
        "[s.map(lengthText), s.map(positionText), [-7, -3, 0, 3, 7].map(movementText)]))"
    )
    ran = subprocess.run(
        [node, str(tmp_path / "say.mjs")], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    lengths, places, moves = json.loads(ran.stdout)
    assert lengths == [length_text(s) for s in LENGTHS]
    assert places == [position_text(s) for s in LENGTHS]
    assert moves == [movement_text(db) for db in (-7, -3, 0, 3, 7)]
