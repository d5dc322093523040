"""`roomtone server upgrade` and `rollback`: real stores and programs, on a computer that is a folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from contract.clock import SystemClock
from contract.errors import RoomtoneError, UsageError
from ingest.purge.log import LOG
from ingest.settings import ServerSettings
from ingest.stores import open_period_store, open_score_writer
from roomtone.cli import main
from roomtone.server.machine import Machine
from roomtone.server.services import Services
from roomtone.server.texts import UNITS
from roomtone.server.upgrading.releases import Releases
from roomtone.server.upgrading.schemas import schemas_of
from roomtone.server.upgrading.upgrade import Upgrade, read_record, remove_old_copies
from school import open_lesson_store
from tests.roomtone.server.recorded import RecordedPrograms, computer
from tests.school.test_migrations import make_older

pytestmark = pytest.mark.slow

OLD, NEW = "20260901T080000Z", "20261130T080000Z"
STOP = "systemctl stop roomtone-dashboard roomtone-score roomtone-ingest"
STARTS = [f"systemctl start --no-block {name}" for name in UNITS]


@dataclass
class SetWellness:
    """Says of each start in turn what a test wants."""

    faults: list[str | None] = field(default_factory=list)
    free: int = 1 << 40

    def fault(self, _: ServerSettings) -> str | None:
        return self.faults.pop(0) if self.faults else None

    def free_bytes(self, _: Path) -> int:
        return self.free


class Server:
    """A server with two releases, whose data an earlier version wrote."""

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        made = computer(folder / "computer")
        self.programs = RecordedPrograms(answers={"runuser": as_user})
        self.machine = Machine(root=made.root, programs=self.programs, say=self.said.append)
        self.data = folder / "lib/data"
        self.data.mkdir(parents=True)
        self.config = self.machine.path("/etc/roomtone/server.toml")
        self.config.parent.mkdir(parents=True)
        self.config.write_text(f'site = "s"\ndata_dir = "{self.data}"\n')
        for name in (OLD, NEW):
            program = self.machine.path(f"/opt/roomtone/releases/{name}/bin/roomtone")
            program.parent.mkdir(parents=True)
            program.touch()
        self.releases = Releases(self.machine)
        self.machine.link("/opt/roomtone/current", f"releases/{OLD}")
        open_period_store(self.data).close()
        open_score_writer(self.data).close()
        self.wellness = SetWellness()

    def change(self) -> Upgrade:
        return Upgrade(
            machine=self.machine, releases=self.releases,
            services=Services(self.machine, self.releases.linked_program), schemas=schemas_of,
            wellness=self.wellness, clock=SystemClock(),
        )  # fmt: skip

    def upgrade(self, name: str = NEW) -> None:
        self.change().forward(name, is_database_saved=False)

    @property
    def services_called(self) -> list[str]:
        return [line for line in self.programs.called if line.startswith("systemctl")]

    def lessons(self) -> list[str]:
        with closing(open_lesson_store(self.data)) as lessons:
            return [each.id for each in lessons.lessons()]

    def schema(self) -> str:
        return schemas_of(ServerSettings.load(self.config))["school.db"]


def as_user(words: Sequence[str]) -> str:
    """Runs for real what a release is to do as the user of the programs."""
    assert words[:4] == ("runuser", "-u", "roomtone", "--")
    command = words[4:]
    if command[0].endswith("/bin/roomtone"):
        command = (sys.executable, "-P", "-m", "roomtone", *command[1:])
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RoomtoneError(done.stderr.strip())
    return done.stdout


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


@pytest.fixture
def older(server: Server) -> Server:
    """The data's school.db is of an earlier version."""
    make_older(server.data, 4)
    return server


def test_an_upgrade_copies_the_data_brings_it_up_and_starts_the_new_release(older: Server) -> None:
    assert older.schema() == "4"
    older.upgrade()
    assert older.releases.current() == NEW
    called = older.programs.called
    assert called.index(STOP) < next(i for i, line in enumerate(called) if " backup " in line)
    assert f"releases/{OLD}/bin/roomtone backup" in next(
        line for line in called if " backup " in line
    )
    assert f"releases/{NEW}/bin/roomtone server migrate" in "\n".join(called)
    assert called[-4].endswith(f"releases/{NEW}/bin/roomtone server units")
    assert called[-3:] == STARTS
    assert int(older.schema()) > 20
    assert older.lessons() == ["art", "maths"]
    record = read_record(older.machine)
    assert record is not None
    assert record.schemas["school.db"] == "4"
    assert (Path(record.copy) / "backup.json").exists()


def test_what_does_not_come_up_well_is_taken_back_with_the_data(older: Server) -> None:
    older.wellness.faults = ["score hangs"]
    with pytest.raises(RoomtoneError, match=f"does not work .score hangs.; {OLD} runs again"):
        older.upgrade()
    assert older.releases.current() == OLD
    assert older.lessons() == ["art", "maths"]
    assert read_record(older.machine) is None
    assert not older.data.with_name(f"data.before-{NEW}").exists()
    # The later data stays to be looked at; here the earlier release is the same program.
    assert older.data.with_name(f"data.of-{NEW}").is_dir()
    assert older.services_called[-3:] == STARTS


def test_a_rollback_that_needs_no_data_moves_the_link_alone(server: Server) -> None:
    server.upgrade()
    server.programs.called.clear()
    server.change().back(restore=False)
    assert server.releases.current() == OLD
    assert not [line for line in server.programs.called if "restore" in line]
    assert server.services_called == [STOP, *STARTS]
    with pytest.raises(UsageError, match="no upgrade to take back"):
        server.change().back(restore=False)
    # Nothing is in the way of another try.
    server.upgrade()
    assert server.releases.current() == NEW


def test_a_rollback_of_changed_data_asks_and_then_puts_the_earlier_back(older: Server) -> None:
    older.upgrade()
    with pytest.raises(UsageError, match=f"{OLD} can't read school.db, which {NEW} has changed"):
        older.change().back(restore=False)
    assert older.releases.current() == NEW
    purge = ("purge", "--config", str(older.config), "--lesson", "maths", "--yes")
    assert main(purge) == 0
    older.change().back(restore=True)
    assert older.releases.current() == OLD
    # What was purged since stays purged.
    assert older.lessons() == ["art"]
    assert (older.data / LOG).exists()
    assert older.data.with_name(f"data.of-{NEW}").is_dir()


def test_data_that_can_not_be_brought_up_leaves_everything_as_it_was(older: Server) -> None:
    def refuse(words: Sequence[str]) -> str:
        if "migrate" in words:
            as_user(words)  # the data has changed by then
            raise RoomtoneError("the disk is full")
        return as_user(words)

    older.programs.answers["runuser"] = refuse
    with pytest.raises(RoomtoneError, match="the disk is full"):
        older.upgrade()
    assert older.releases.current() == OLD
    assert older.services_called[-1] == f"systemctl start {UNITS[-1]}"
    assert older.lessons() == ["art", "maths"]
    assert read_record(older.machine) is None


def test_a_copy_that_fails_stops_the_upgrade_before_anything_changed(older: Server) -> None:
    older.programs.failing.add("runuser -u roomtone -- ")
    with pytest.raises(RoomtoneError, match="as the test wants it"):
        older.upgrade()
    assert older.releases.current() == OLD
    assert older.schema() == "4"
    assert older.services_called == [STOP, *(f"systemctl start {name}" for name in UNITS)]


def test_without_room_for_the_copy_nothing_is_stopped(server: Server) -> None:
    server.wellness.free = 10
    with pytest.raises(UsageError, match="make room first"):
        server.upgrade()
    assert not server.programs.called


def test_a_database_elsewhere_has_to_be_copied_by_hand(server: Server) -> None:
    with server.config.open("a") as file:
        file.write('[school]\ndatabase_url = "postgresql://roomtone@db.invalid/roomtone"\n')
    with pytest.raises(UsageError, match="--database-is-saved"):
        server.upgrade()
    assert not server.programs.called


def test_a_second_upgrade_removes_the_copy_and_the_release_of_the_one_before(
    server: Server,
) -> None:
    server.upgrade()
    first = read_record(server.machine)
    assert first is not None
    later = "20270101T080000Z"
    program = server.machine.path(f"/opt/roomtone/releases/{later}/bin/roomtone")
    program.parent.mkdir(parents=True)
    program.touch()
    server.upgrade(later)
    assert not Path(first.copy).exists()
    assert server.releases.names() == [NEW, later]
    assert server.releases.current() == later


def test_a_release_whose_installation_failed_is_none(server: Server) -> None:
    server.machine.path("/opt/roomtone/releases/20271231T000000Z/bin").mkdir(parents=True)
    assert server.releases.names() == [OLD, NEW]
    with pytest.raises(UsageError, match="There is no release '20271231T000000Z'"):
        server.upgrade("20271231T000000Z")
    with pytest.raises(UsageError, match="runs already"):
        server.upgrade(OLD)


def test_what_an_upgrade_left_goes_with_time(server: Server) -> None:
    server.upgrade()
    record = read_record(server.machine)
    assert record is not None
    now = SystemClock().utc_ns()
    assert remove_old_copies(server.data, keep_days=30, now_utc_ns=now) == []
    late = now + 31 * 86_400 * 1_000_000_000
    assert remove_old_copies(server.data, keep_days=30, now_utc_ns=late) == [Path(record.copy)]
    assert not Path(record.copy).exists()
    assert server.data.is_dir()
