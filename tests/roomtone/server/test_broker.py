"""The broker's step: the authority runs before it is asked, and a foreign authority stays."""

from __future__ import annotations

from pathlib import Path

from ingest.settings import ServerSettings
from roomtone.server.broker import broker_files
from roomtone.server.install import install
from roomtone.server.machine import Machine
from roomtone.server.plan import ServerPlan
from roomtone.server.services import Services
from roomtone.server.texts import sysusers
from tests.roomtone.server.recorded import RecordedPrograms, computer

PROGRAM = "/opt/roomtone/current/bin/roomtone"
PLAN = ServerPlan(
    site="our-school", name="roomtone.school.example", time_zone="Europe/Berlin", https="none"
)


def called(machine: Machine) -> list[str]:
    assert isinstance(machine.programs, RecordedPrograms)
    return machine.programs.called


def test_the_authority_runs_before_the_broker_gets_its_configuration(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    install(PLAN, machine, broker_files, PROGRAM)
    lines = called(machine)
    config = next(line for line in lines if " broker config " in line)
    assert config.startswith(f"{PROGRAM} broker config --name roomtone.school.example")
    assert lines.index("systemd-sysusers") < lines.index("systemctl restart roomtone-authority")
    assert lines.index("systemctl restart roomtone-authority") < lines.index(config)
    assert lines.index(config) < lines.index("systemctl restart roomtone-ingest")
    assert lines.count("systemctl restart roomtone-authority") == 1
    assert "systemctl restart roomtone-enrolment" in lines
    assert "systemctl start roomtone-broker.path roomtone-broker.timer" in lines
    assert "systemctl restart roomtone-broker" not in lines
    settings = ServerSettings.load(tmp_path / "etc/roomtone/server.toml")
    assert settings.authority.address == "roomtone.school.example"
    assert "u roomtone-authority " in sysusers("/var/lib/roomtone")


def test_without_systemd_it_says_what_to_type_later(tmp_path: Path) -> None:
    machine = computer(tmp_path, systemd=False)
    said: list[str] = []
    machine.say = said.append
    install(PLAN, machine, broker_files, PROGRAM)
    assert not [line for line in called(machine) if " broker config" in line]
    assert any(line.startswith("  not now") and " broker config " in line for line in said)
    assert (tmp_path / "etc/systemd/system/roomtone-authority.service").exists()


def test_certificates_of_another_authority_stay_with_their_broker(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    own = tmp_path / "etc/roomtone/server.crt"
    own.parent.mkdir(parents=True)
    own.write_text("of the school's authority")
    services = Services(machine, PROGRAM)
    broker_files(machine, PLAN, services, PROGRAM)
    assert called(machine) == []
    assert own.read_text() == "of the school's authority"
    services.install(())
    assert "roomtone-authority" not in services.names


def test_a_second_time_only_asks_again(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    install(PLAN, machine, broker_files, PROGRAM)
    called(machine).clear()
    machine.changed.clear()
    install(PLAN, machine, broker_files, PROGRAM)
    assert not machine.changed
    assert not [line for line in called(machine) if "restart" in line or "daemon-reload" in line]
    assert [line for line in called(machine) if " broker config " in line]
