"""A new release is kept when it reports, and taken back when it does not."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from contract.errors import RoomtoneError
from edge_agent.release.update import Kit, install, judge, switch_back
from tests.edge_agent.release.conftest import Machine

Package = Callable[..., Path]


def version(kit: Kit) -> str:
    return str(kit.place.current).split("-")[0]


@pytest.fixture
def running(enrolled: Kit, machine: Machine, package: Package) -> Kit:
    """A kit that runs 1.0, and reports."""
    assert install(enrolled, package("1.0"))
    machine.wait(5)
    assert enrolled.is_reporting()
    machine.said.clear()
    return enrolled


def test_a_first_release_waits_for_the_enrolment_and_says_so(
    kit: Kit, machine: Machine, package: Package
) -> None:
    assert install(kit, package("1.0"))
    assert version(kit) == "1.0"
    assert machine.unit == "1.0"
    assert not machine.is_running
    assert "sudo roomtone enrol" in machine.said[-1]
    script = kit.place.root / "current/bin/roomtone"
    assert subprocess.run((script, "edge"), check=False).returncode == 0


def test_a_release_that_reports_is_kept_and_the_one_before_stays_beside_it(
    running: Kit, machine: Machine, package: Package
) -> None:
    assert install(running, package("1.1"))
    assert version(running) == "1.1"
    assert machine.unit == "1.1"
    assert running.place.trial() is None
    assert {name.split("-")[0] for name in running.place.names()} == {"1.0", "1.1"}
    assert install(running, package("1.2"))
    assert {name.split("-")[0] for name in running.place.names()} == {"1.1", "1.2"}


@pytest.mark.parametrize(
    ("reports", "lives_s", "why"),
    (
        (False, 1e9, "the server took nothing from it for 180 s"),
        (True, 10.0, "it failed 3 times in 45 s"),
        (True, 0.0, "it failed 3 times in 15 s"),
        (True, -1.0, "it did not run for 20 s in one go"),  # it never starts, and never fails
    ),
)
def test_a_release_that_does_not_report_or_run_is_taken_back(
    running: Kit, machine: Machine, package: Package, reports: bool, lives_s: float, why: str
) -> None:
    machine.reports = lambda release: reports or release == "1.0"
    machine.lives_s = lambda release: 1e9 if release == "1.0" else lives_s
    assert not install(running, package("1.1"))
    assert version(running) == "1.0"
    assert machine.unit == "1.0"
    assert machine.is_active()
    assert why in machine.said[-1]
    assert running.place.trial() is None

    machine.said.clear()
    assert not install(running, package("1.1")), "the same release is not tried at each turn"
    assert "was tried on this kit and taken back" in machine.said[-1]
    machine.reports = lambda _: True
    machine.lives_s = lambda _: 1e9
    assert install(running, package("1.1"), again=True)
    assert version(running) == "1.1"
    assert running.place.last_failure() is None


def test_a_kit_whose_server_was_down_before_keeps_a_release_that_only_runs(
    running: Kit, machine: Machine, package: Package
) -> None:
    machine.reports = lambda _: False
    machine.wait(1)
    assert not running.is_reporting()
    assert install(running, package("1.1"))
    assert version(running) == "1.1"


def test_a_release_that_does_not_read_this_kits_settings_is_never_started(
    running: Kit, machine: Machine, package: Package
) -> None:
    began = machine.now_s()
    sentence = "[outbox]: there is no key dir; see edge.example.toml."
    assert not install(running, package("2.0", f"sys.exit({sentence!r})"))
    assert version(running) == "1.0"
    assert machine.now_s() == began, "nothing was restarted or watched"
    assert sentence in machine.said[-1]


def test_a_first_release_that_does_not_run_here_says_why(kit: Kit, package: Package) -> None:
    with pytest.raises(RoomtoneError, match=r"does not run on this machine: .*no numpy"):
        install(kit, package("1.0", "sys.exit('no numpy')"))
    assert kit.place.current is None


@pytest.mark.parametrize("is_good", (True, False))
def test_a_power_cut_in_the_middle_of_a_trial_ends_in_one_or_the_other(
    running: Kit, machine: Machine, package: Package, is_good: bool
) -> None:
    machine.power_fails_at_s = machine.now_s() + 10
    machine.reports = lambda release: is_good or release == "1.0"
    with pytest.raises(ConnectionAbortedError):
        install(running, package("1.1"))
    assert version(running) == "1.1"
    assert (running.place.root / "proved").resolve().name.startswith("1.0")
    machine.boot()
    assert judge(running) is is_good
    assert version(running) == ("1.1" if is_good else "1.0")
    assert judge(running), "there is nothing left to judge"


def test_a_power_cut_before_the_switch_leaves_the_old_one(
    running: Kit, machine: Machine, package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_name: str) -> None:
        raise ConnectionAbortedError("the power is gone")

    with monkeypatch.context() as patch:
        patch.setattr(type(running.place), "switch", lambda _self, name: fails(name))
        with pytest.raises(ConnectionAbortedError):
            install(running, package("1.1"))
    machine.boot()
    assert judge(running)
    assert version(running) == "1.0"
    assert running.place.trial() is None


def test_an_installation_during_a_trial_ends_that_first(
    running: Kit, machine: Machine, package: Package
) -> None:
    machine.power_fails_at_s = machine.now_s() + 10
    with pytest.raises(ConnectionAbortedError):
        install(running, package("1.1"))
    machine.boot()
    assert install(running, package("1.1"))
    assert "installed already" in machine.said[-1]
    assert running.place.trial() is None


def test_a_person_can_go_back(running: Kit, machine: Machine, package: Package) -> None:
    with pytest.raises(RoomtoneError, match="no other release"):
        switch_back(running)
    assert install(running, package("1.1"))
    assert switch_back(running).startswith("1.0")
    assert version(running) == "1.0"
    assert machine.unit == "1.0"
    assert not install(running, package("1.1")), "an update by itself does not undo that"


def test_a_servers_release_is_never_touched(kit: Kit, package: Package) -> None:
    (kit.place.releases / "20261130T000000Z/bin").mkdir(parents=True)
    kit.place.switch("20261130T000000Z")
    with pytest.raises(RoomtoneError, match="which no package installed: a server's"):
        install(kit, package("1.0"))
    assert kit.place.current == "20261130T000000Z"
