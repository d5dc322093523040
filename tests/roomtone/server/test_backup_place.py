"""`roomtone server backup --to PLACE`: key, settings and timers, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.errors import ConfigurationError, UsageError
from ingest.settings import ServerSettings
from roomtone.server.backup_place import set_up_backups
from roomtone.server.machine import Machine
from roomtone.server.services import Services
from tests.roomtone.server.recorded import RecordedPrograms, computer

PROGRAM = "/opt/roomtone/current/bin/roomtone"
SFTP = "sftp:backup@nas.school.example:/roomtone"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = computer(tmp_path)
    config = tmp_path / "etc/roomtone/server.toml"
    config.parent.mkdir(parents=True)
    config.write_text('site = "our-school"\ndata_dir = "/var/lib/roomtone/data"\n')
    (tmp_path / "var/lib/roomtone/data").mkdir(parents=True)
    (tmp_path / "mnt/backup").mkdir(parents=True)
    return made


def set_up(machine: Machine, place: str) -> list[str]:
    """The commands that ran."""
    programs = machine.programs
    assert isinstance(programs, RecordedPrograms)
    programs.called = []
    machine.changed.clear()
    set_up_backups(place, machine, Services(machine, PROGRAM))
    return programs.called


def test_a_folder_gets_a_key_settings_and_two_timers(machine: Machine) -> None:
    called = set_up(machine, "/mnt/backup/roomtone")
    settings = ServerSettings.load(machine.path("/etc/roomtone/server.toml"))
    assert settings.backup.repository == "/mnt/backup/roomtone"
    assert settings.data_dir == Path("/var/lib/roomtone/data")
    key = machine.path("/etc/roomtone/backup-key")
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_text().strip()) >= 43  # 256 bits
    assert machine.path("/mnt/backup/roomtone").stat().st_mode & 0o777 == 0o700
    units = machine.path("/etc/systemd/system")
    assert f"ExecStart={PROGRAM} server backup" in (units / "roomtone-backup.service").read_text()
    drop_in = (units / "roomtone-backup.service.d/place.conf").read_text()
    assert "RequiresMountsFor=/mnt/backup/roomtone\n" in drop_in
    assert "ReadWritePaths=/mnt/backup/roomtone\n" in drop_in
    for name in ("roomtone-backup", "roomtone-rehearsal"):
        assert f"systemctl enable {name}.timer" in called
        assert f"systemctl start {name}.timer" in called


def test_a_second_time_key_and_settings_stay(machine: Machine) -> None:
    set_up(machine, SFTP)
    key = machine.path("/etc/roomtone/backup-key").read_text()
    text = machine.path("/etc/roomtone/server.toml").read_text()
    called = set_up(machine, SFTP)
    assert not machine.changed
    assert "systemctl daemon-reload" not in called
    assert machine.path("/etc/roomtone/backup-key").read_text() == key
    assert machine.path("/etc/roomtone/server.toml").read_text() == text


def test_another_computer_needs_no_path_of_this_one(machine: Machine) -> None:
    set_up(machine, SFTP)
    assert not machine.path("/etc/systemd/system/roomtone-backup.service.d").exists()


def test_a_backup_timer_is_no_service_of_the_server(machine: Machine) -> None:
    services = Services(machine, PROGRAM)
    services.install(())
    set_up(machine, SFTP)
    assert services.names == ("roomtone-ingest", "roomtone-score", "roomtone-dashboard")


@pytest.mark.parametrize(
    ("place", "says"),
    (
        ("/not/mounted/roomtone", "is no directory; make it, or mount its disk"),
        ("/var/lib/roomtone/data/copies", "is in the data directory"),
        ("copies", "expected a folder with its whole path"),
    ),
)
def test_a_place_that_does_not_do_is_refused_and_nothing_is_written(
    machine: Machine, place: str, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        set_up(machine, place)
    assert not machine.changed


def test_a_place_that_a_unit_could_not_name_is_refused(machine: Machine) -> None:
    with pytest.raises(ConfigurationError, match=r"backup\.repository"):
        set_up(machine, "/mnt/back up")


def test_another_place_than_that_of_the_settings_is_refused(machine: Machine) -> None:
    set_up(machine, SFTP)
    with pytest.raises(UsageError, match="change it there"):
        set_up(machine, "/mnt/backup/roomtone")


def test_without_an_installed_server_it_says_what_comes_first(tmp_path: Path) -> None:
    machine = computer(tmp_path)
    with pytest.raises(UsageError, match="server install` comes first"):
        set_up(machine, SFTP)
