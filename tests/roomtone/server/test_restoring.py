"""`roomtone server restore` on real backups: the data comes back, and what was there stays beside it."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from contract.errors import RoomtoneError, UsageError
from ingest.backup.nightly import repository_of
from roomtone.cli import main
from roomtone.server.machine import Machine
from roomtone.server.restoring import ServerRestore
from roomtone.server.services import Services
from roomtone.server.texts import UNITS
from school import open_lesson_store
from tests.roomtone.server.recorded import RecordedPrograms, computer
from tests.roomtone.server.test_rehearsal import Server
from tests.roomtone.server.test_upgrade import as_user

pytestmark = [pytest.mark.slow, pytest.mark.restic]

PROGRAM = "/opt/roomtone/current/bin/roomtone"


class Restored:
    """A server with one backup, and a computer on which commands are noted."""

    def __init__(self, folder: Path) -> None:
        self.server = Server(folder)
        self.made = self.server.backup()
        self.said: list[str] = []
        made = computer(folder / "computer")
        self.programs = RecordedPrograms(answers={"runuser": as_user})
        self.machine = Machine(root=made.root, programs=self.programs, say=self.said.append)
        config = self.machine.path("/etc/roomtone/server.toml")
        config.parent.mkdir(parents=True)
        shutil.copyfile(self.server.config, config)

    def restore(self, snapshot: str | None = None) -> Path | None:
        return ServerRestore(
            settings=self.server.settings, machine=self.machine,
            services=Services(self.machine, PROGRAM), program=PROGRAM,
        ).run(snapshot)  # fmt: skip

    def lessons(self) -> list[str]:
        with closing(open_lesson_store(self.server.data)) as lessons:
            return sorted(each.id for each in lessons.lessons())


@pytest.fixture
def restored(tmp_path: Path) -> Restored:
    return Restored(tmp_path)


def test_the_last_backup_takes_the_datas_place_and_what_was_purged_stays_gone(
    restored: Restored,
) -> None:
    server = restored.server
    purge = ("purge", "--config", str(server.config), "--lesson", "quill-room-1", "--yes")
    assert main(purge) == 0
    aside = restored.restore()
    assert aside == server.data.with_name("data.before-restore")
    assert restored.lessons() == ["other-room-1"]
    assert (aside / "main.db").exists()
    calls = restored.programs.called
    assert calls[0].startswith("systemctl stop roomtone-dashboard")
    assert calls[-3:] == [f"systemctl start {name}" for name in UNITS]
    assert f"the backup {restored.made.snapshot} of " in "\n".join(restored.said)
    assert not server.data.with_name("data.restoring").exists()


def test_a_new_computer_gets_everything(restored: Restored) -> None:
    shutil.rmtree(restored.server.data)
    assert restored.restore() is None
    assert restored.lessons() == ["other-room-1", "quill-room-1"]


def test_an_earlier_backup_is_chosen_by_its_id(restored: Restored) -> None:
    server = restored.server
    purge = ("purge", "--config", str(server.config), "--lesson", "quill-room-1", "--yes")
    assert main(purge) == 0
    server.backup()
    # Without the record of purges, as where only the earlier backup is left.
    shutil.rmtree(server.data)
    restored.restore(restored.made.snapshot)
    assert restored.lessons() == ["other-room-1", "quill-room-1"]
    server.data.with_name("data.before-restore").mkdir()
    with pytest.raises(UsageError, match="in the way"):
        restored.restore()


def test_a_backup_that_can_not_be_restored_leaves_everything_as_it_was(restored: Restored) -> None:
    with pytest.raises(RoomtoneError, match="There is no backup 'feedbeef'"):
        restored.restore("feedbeef")
    assert restored.lessons() == ["other-room-1", "quill-room-1"]
    shutil.rmtree(Path(repository_of(restored.server.settings).repository) / "data")
    with pytest.raises(RoomtoneError, match="could not"):
        restored.restore()
    assert restored.lessons() == ["other-room-1", "quill-room-1"]
    assert not restored.server.data.with_name("data.before-restore").exists()
    assert restored.programs.called[-3:] == [f"systemctl start {name}" for name in UNITS]
