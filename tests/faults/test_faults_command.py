"""`roomtone faults`: which cases it runs, what it prints, and when it fails."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from contract.errors import UsageError
from roomtone.demo.broker import mosquitto_path
from roomtone.faults import FAULTS, command
from roomtone.faults.case import Case, Result
from roomtone.faults.children import Child, FaultError, until
from roomtone.faults.command import add_arguments, markdown_table, run
from roomtone.faults.matrix import select_cases

DOC = Path(__file__).parents[2] / "docs" / "faults.md"
GOOD = Result(
    fault="kill", where="edge", sampled=10, kept=9, lost=0, doubled=0, out_of_order=0, changed=0,
    gap_s=1.0, recovery_s=0.5, struck=("it was dead",), gaps={"died": 1}, worst_cut=0,
    sound_sampled=4, sound_kept=3, seed=1, drawn={"dead_s": 0.8}, notes=(), error=None,
)  # fmt: skip


def test_quick_holds_what_it_promises() -> None:
    quick = set(select_cases(is_quick=True))
    for place in ("edge", "broker", "ingest", "score"):
        assert ("kill", place) in quick
    names = {fault for fault, _ in quick}
    assert names >= {
        "kill", "cut", "disk_full", "bit_flipped", "serial_garbage", "poison", "clock_past"
    }  # fmt: skip
    assert quick <= set(select_cases(is_quick=False))


def test_only_picks_by_name_or_by_place() -> None:
    assert select_cases(is_quick=False, only=["kill:edge"]) == [("kill", "edge")]
    assert {fault for fault, _ in select_cases(is_quick=False, only=["cut"])} == {"cut"}


def test_an_unknown_fault_gets_a_clear_word() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(UsageError, match="no fault 'flood'"):
        run(parser.parse_args(["--only", "flood"]))


def test_an_unknown_place_and_a_folder_that_can_not_be_had_get_a_clear_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "mosquitto_path", lambda: "mosquitto")
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(UsageError, match="kill has no place 'moon'; it has edge, broker"):
        run(parser.parse_args(["--only", "kill:moon"]))
    with pytest.raises(UsageError, match="/proc/none can't be made"):
        run(parser.parse_args(["--keep", "/proc/none"]))
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is not empty"):
        run(parser.parse_args(["--keep", str(tmp_path)]))


def test_without_mosquitto_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOMTONE_MOSQUITTO", "none")
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(FaultError, match="needs Mosquitto"):
        run(parser.parse_args(["--quick"]))


@pytest.mark.parametrize(
    "changes",
    (
        {"lost": 1},
        {"doubled": 1},
        {"out_of_order": 1},
        {"changed": 1},
        {"struck": ()},
        {"error": "it did not come back"},
        {"kept": 0},
    ),
)
def test_a_result_is_good_only_if_all_of_it_is(changes: dict[str, object]) -> None:
    assert GOOD.is_good
    assert not replace(GOOD, **changes).is_good  # type: ignore[arg-type]


def test_the_table_has_a_line_for_each_result() -> None:
    lines = markdown_table([GOOD, replace(GOOD, where="score", recovery_s=None)]).splitlines()
    assert len(lines) == 4
    assert len({len(line) for line in lines}) == 1
    cells = [cell.strip() for cell in lines[2].split("|")[1:-1]]
    assert cells == ["kill", "edge", "10", "9", "3", "0", "0", "0", "0", "1.0", "0.5"]


def case_of(tmp_path: Path, **changes: object) -> Case:
    words = {"fault": "kill", "where": "edge", "seed": 7} | changes
    return Case(
        folder=tmp_path, shared_server=lambda: pytest.fail("unused"), report=str,
        **words,  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_seed_draws_the_same_again_and_another_something_else(tmp_path: Path) -> None:
    def drawn(**changes: object) -> dict[str, float]:
        case = case_of(tmp_path, **changes)
        case.draw("dead_s", 0.5, 1.1)
        case.pick("hub", 1_000)
        return case.drawn

    once = drawn()
    assert 0.5 <= once["dead_s"] <= 1.1
    assert drawn() == once
    # Neither the order of the cases nor what else was drawn matters.
    other = case_of(tmp_path)
    other.pick("hub", 1_000)
    assert other.drawn["hub"] == once["hub"]
    assert all(drawn(**change) != once for change in ({"seed": 8}, {"where": "score"}))
    result = case_of(tmp_path).result("it broke")
    assert (result.seed, result.drawn) == (7, {})


def test_the_json_has_the_keys_that_are_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "mosquitto_path", lambda: "mosquitto")
    monkeypatch.setattr(command, "run_all", lambda *_, **__: [GOOD, replace(GOOD, lost=2)])
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert run(parser.parse_args(["--json", "--keep", str(tmp_path)])) == 1
    reported = json.loads(capsys.readouterr().out.splitlines()[-1])
    promised = {
        "fault", "where", "sampled", "kept", "lost", "doubled", "out_of_order", "gap_s",
        "recovery_s",
    }  # fmt: skip
    assert list(reported) == ["faults"]
    assert all(promised <= set(each) for each in reported["faults"])
    assert [each["lost"] for each in reported["faults"]] == [0, 2]


def test_every_fault_of_the_issue_has_its_name() -> None:
    assert set(FAULTS) == {
        "kill", "stop", "start_order", "cut", "half_open", "slow", "broker_amnesia", "disk_full",
        "truncated", "bit_flipped", "serial_cut", "serial_garbage", "serial_repeat",
        "serial_trickle", "hub_reboot", "same_name", "poison", "future_version",
        "retained_garbage", "clock_past", "clock_jump", "clock_slow_synchronised", "hub_drift", "hub_stall", "outage_8h",
        "site_moved", "two_claims",
    }  # fmt: skip
    for fault in ("kill", "stop"):
        assert set(FAULTS[fault].places) >= {"edge", "broker", "ingest", "score"}
    for fault in ("truncated", "bit_flipped"):
        assert set(FAULTS[fault].places) == {"outbox", "store", "day_file"}
    assert set(FAULTS["disk_full"].places) == {"edge", "server"}


def test_the_page_describes_every_fault_and_no_other() -> None:
    page = DOC.read_text(encoding="utf-8")
    reported = {line.split("`")[1] for line in page.splitlines() if line.startswith("- `")}
    assert reported == set(FAULTS)


def test_a_child_that_is_dead_was_killed_by_us(tmp_path: Path) -> None:
    child = Child("sleep", ["sleep", "300"], log=tmp_path / "log")
    child.start()
    child.freeze()
    assert child.state == "T"
    child.thaw()
    child.kill()
    assert not child.is_running


def test_a_child_that_ended_by_itself_was_not_killed(tmp_path: Path) -> None:
    child = Child("true", ["true"], log=tmp_path / "log")
    child.start()
    until(lambda: not child.is_running, what="its end", timeout_s=60)
    with pytest.raises(FaultError, match="had exited with 0"):
        child.kill()


def test_waiting_reports_who_exited_and_its_last_log_line(tmp_path: Path) -> None:
    child = Child("shell", ["sh", "-c", "echo no room left"], log=tmp_path / "log")
    child.start()
    with pytest.raises(FaultError, match="shell exited unexpectedly: no room left"):
        until(lambda: False, what="nothing", timeout_s=60, running=[child])


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.timeout(600)
@pytest.mark.skipif(mosquitto_path() is None, reason="Mosquitto is not installed")
def test_the_quick_matrix_loses_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "roomtone", "faults", "--quick", "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout.splitlines()[-1])["faults"]
    assert {(row["fault"], row["where"]) for row in rows} == set(select_cases(is_quick=True))
    for row in rows:
        assert row["lost"] == row["doubled"] == row["out_of_order"] == 0, row
        assert row["kept"] > 0, row
        assert row["struck"], row
