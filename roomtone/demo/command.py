"""`roomtone demo`: one simulated class of 30 seats through all programs, or a whole district."""

from __future__ import annotations

import argparse
import time

from contract.clock import SECOND_NS
from roomtone.demo.chain import PlannedHub, PlannedLesson
from roomtone.demo.run import add_run_arguments, minutes, play, seed
from simulators.classroom import Classroom
from simulators.scenario import load_scenario, scenario_names

__all__ = ["add_arguments", "run"]

_LETTERS = "abcdefgh"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--minutes",
        type=minutes,
        help="simulated minutes to run (default: the scenario's whole lesson; 5 with --check)",
    )
    parser.add_argument(
        "--scenario",
        default="demo",
        metavar="NAME_OR_FILE",
        help=f"the class: {', '.join(scenario_names())}, or a TOML file (default: demo)",
    )
    parser.add_argument("--seed", type=seed, default=1, help="seed of the class (default: 1)")
    parser.add_argument(
        "--district",
        action="store_true",
        help="instead of a lesson, three schools over two terms: fills the stores, and serves the "
        "pages of a teacher, a coach, an administrator and a data protection officer; with --check "
        "it holds the pages against what was filled in",
    )
    add_run_arguments(parser, speed=10.0)


def run(arguments: argparse.Namespace) -> int:
    if arguments.district:
        from roomtone.demo.district.run import play_district  # noqa: PLC0415 - no lesson needs it

        return play_district(arguments)
    scenario = load_scenario(arguments.scenario)
    minutes = arguments.minutes or (5 if arguments.check else None)
    if minutes is not None:
        scenario = scenario.lasting(minutes)
    classroom = Classroom(scenario, arguments.seed)
    hubs = tuple(
        PlannedHub(name=f"table-{letter}", signal=signal, seats=seats)
        for letter, signal, seats in zip(
            _LETTERS, classroom.hub_signals(), scenario.hub_seats, strict=False
        )
    )
    plan = PlannedLesson(
        room="room-101",
        teacher="demo-teacher",
        title=f"Simulated lesson ({arguments.scenario})",
        hubs=hubs,
        zones=scenario.zones,
        activities=scenario.declared_activities,
        # The lesson ends about now, so that nothing on the pages is in the future.
        starts_utc_ns=round(time.time() - scenario.periods * (1 - 1 / arguments.speed)) * SECOND_NS,
        duration_s=scenario.periods,
    )
    length = () if minutes is None else ("--minutes", str(minutes))
    filmed = ("--scenario", arguments.scenario, "--seed", str(arguments.seed), *length)
    return play(arguments, plan, episodes=classroom.truth().episodes(), filmed=filmed)
