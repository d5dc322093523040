from __future__ import annotations

import csv
import os
import signal
import tomllib

import pytest

from edge_agent.settings import EdgeSettings
from roomtone.cli import main
from simulators import command
from simulators.scenario import Scenario, load_scenario, scenario_names

SHORT = ("--minutes", "0.05", "--speed", "30")


def test_the_scenarios_are_listed(capsys):
    assert main(["simulate", "--list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in scenario_names())
    assert "30 seats on 4 hubs" in listed


def test_the_printed_example_is_a_scenario(capsys, tmp_path):
    assert main(["simulate", "--example"]) == 0
    path = tmp_path / "mine.toml"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    assert load_scenario(path) == Scenario()


def test_a_short_lesson_runs_and_ends(capsys, tmp_path):
    truth = tmp_path / "truth.csv"
    ports = tmp_path / "ports"
    assert main(["simulate", *SHORT, "--truth", str(truth), "--ports", str(ports)]) == 0
    said = capsys.readouterr().out
    assert "The lesson is over." in said
    assert "30 times as fast" in said
    with truth.open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 3 * 30
    printed = said[said.index("site =") : said.index("Time runs")]
    edge = EdgeSettings.checked(tomllib.loads(printed), where="printed")
    assert edge.seats == tuple(range(1, 31))
    assert [hub.port for hub in edge.hub] == [str(ports / f"hub-{i}") for i in range(1, 5)]
    assert list(ports.iterdir()) == [], "the ports are gone with the lesson"


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM))
def test_a_signal_ends_it_cleanly(capsys, monkeypatch, tmp_path, number):
    def announce_and_interrupt(_running):
        os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    monkeypatch.setattr(command, "_announce", announce_and_interrupt)
    assert main(["simulate", "--ports", str(tmp_path)]) == 0
    assert signal.getsignal(number) is before
    assert list(tmp_path.iterdir()) == []
    assert "over" not in capsys.readouterr().out


def test_hubs_are_reset_and_unplugged_in_turn(capsys, tmp_path):
    arguments = ["--minutes", "0.5", "--speed", "30", "--reboot-every", "6", "--unplug-every", "9"]
    assert main(["simulate", *arguments, "--ports", str(tmp_path)]) == 0
    said = capsys.readouterr().err
    assert "hub-1 was reset" in said
    assert "hub-2 was reset" in said
    assert "hub-1 was unplugged" in said
    assert "hub-1 is back" in said


@pytest.mark.parametrize(
    ("arguments", "expected"),
    (
        (["--scenario", "nowhere.toml"], "nowhere.toml"),
        (["--scenario", "livly"], "lively_class"),
        (["--seed", "-1"], "--seed is -1"),
        (["--speed", "0"], "--speed is 0"),
        (["--minutes", "nan"], "--minutes is nan"),
        (["--loss", "1.5"], "lost is 1.5"),
        (["--corrupt", "-0.1"], "bit_flips is -0.1"),
        (["--faults", "smoke=1"], "smoke=1"),
        (["--faults", "delay_s=long"], "'long' is not a number"),
        (["--faults", "delay_s=-1"], "expected 0 or more"),
        (["--reboot-every", "1"], "--reboot-every is 1"),
        (["--unplug-every", "20"], "needs --ports"),
        (["--truth", "/nowhere/truth.csv", *SHORT], "/nowhere/truth.csv"),
        (["--ports", "/proc/nowhere"], "/proc/nowhere"),
    ),
)
def test_what_can_not_be_is_one_sentence_and_exit_code_2(capsys, arguments, expected):
    assert main(["simulate", *arguments]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert len(said.strip().splitlines()) == 1


def test_faults_reach_the_line():
    parser = command.argparse.ArgumentParser()
    command.add_arguments(parser)
    args = parser.parse_args(
        ["--loss", "0.1", "--corrupt", "0.01", "--faults", "delay_s=0.2", "--faults",
         "is_trickling=1"]
    )  # fmt: skip
    faults = command._faults(args)
    assert faults is not None
    assert (faults.lost, faults.bit_flips, faults.delay_s) == (0.1, 0.01, 0.2)
    assert faults.is_trickling is True
    assert command._faults(parser.parse_args([])) is None
