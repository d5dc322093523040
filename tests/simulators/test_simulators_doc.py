"""docs/simulators.md says what is so."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from simulators import command
from simulators.scenario import scenario_names

TEXT = (Path(__file__).parents[2] / "docs" / "simulators.md").read_text(encoding="utf-8")


def test_it_lists_every_scenario():
    of_scenarios = re.sub(r"(?s)\n## A district at once\n.*?\n## ", "\n## ", TEXT)
    assert set(re.findall(r"(?m)^\| `(\w+)` \|", of_scenarios)) == set(scenario_names())


@pytest.mark.parametrize(
    "line", re.findall(r"(?m)^roomtone simulate (.+)$", TEXT + "\n" + command.DESCRIPTION)
)
def test_its_commands_can_be_given(line):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    words = line.split(" >")[0].split()
    scenario = parser.parse_args(words).scenario
    assert scenario in scenario_names() or scenario == "mine.toml"


@pytest.mark.slow
def test_its_program_runs():
    (program,) = [
        block
        for block in re.findall(r"(?s)```python\n(.*?)```", TEXT)
        if "simulate_lesson" in block
    ]
    names: dict[str, object] = {}
    exec(compile(program, "docs/simulators.md", "exec"), names)
    assert names["lesson"].seat.shape[1:] == (30, 13)
