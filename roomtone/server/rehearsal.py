"""Rehearses a restore: puts the last backup into a folder of its own, looks it over, and removes it.

Nothing of the server changes, and its programs go on. What is restored is checked as a server is
after a restore, and so is that a lesson can be read out of it.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contract.clock import Clock
from contract.errors import RoomtoneError, StoreError, brief_of
from contract.files.sqlite_file import make_directory
from contract.finding import Finding
from ingest.backup.nightly import COPIED, DUMP, SETTINGS_COPY, repository_of
from ingest.backup.notes import BackupNotes, read_notes, write_notes
from ingest.backup.restic import Snapshot
from ingest.backup.restore import Restore
from ingest.clocks.words import when_exactly
from ingest.doctor.checks import findings
from ingest.purge.log import LOG
from ingest.settings import ServerSettings
from ingest.stores import open_period_reader, open_score_store
from school import open_lesson_store
from school.audit.verify import Verification
from school.database import open_school_database
from school.settings import SchoolSettings

__all__ = ["Rehearsal"]

_SECONDS: Final = 300
"""As much of the newest run is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """One rehearsal with the last backup."""

    settings: ServerSettings
    clock: Clock
    say: Callable[[str], None]

    def run(self) -> BackupNotes:
        """Restore aside, report, and note what came of it; raises StoreError where that can't begin."""
        data_dir = self.settings.data_dir.absolute()
        repository = repository_of(self.settings)
        snapshots = repository.snapshots()
        if not snapshots:
            raise StoreError(
                f"There is no backup in {repository.repository}: make one with `sudo roomtone server "
                "backup`."
            )
        last = snapshots[-1]
        self.say(f"{len(snapshots)} backups; the last one is of {when_exactly(last.utc_ns)}")
        place = data_dir.with_name(f"{data_dir.name}.rehearsal")
        shutil.rmtree(place, ignore_errors=True)  # of one that was killed
        make_directory(place)
        faults: list[str] = []
        try:
            repository.check()
            self.say("the repository is whole; copying the backup from it ...")
            source = repository.restore(last, place / "from")
            for finding in self._looked_over(source, place / "restored"):
                self.say(finding.line.rstrip("\n"))
                if finding.state == "wrong":
                    faults.append(f"{finding.about}: {finding.said}")
        except (RoomtoneError, OSError) as error:
            self.say(f"WRONG  {error}")
            faults.append(str(error))
        finally:
            shutil.rmtree(place, ignore_errors=True)
        return self._noted(data_dir, last, faults)

    def _noted(self, data_dir: Path, last: Snapshot, faults: list[str]) -> BackupNotes:
        notes = read_notes(data_dir).model_copy(
            update={
                "rehearsed_utc_ns": self.clock.utc_ns(),
                "rehearsed_snapshot": last.id,
                "rehearsed_made_utc_ns": last.utc_ns,
                "faults": tuple(faults),
            }
        )
        write_notes(data_dir, notes)
        return notes

    def _looked_over(self, source: Path, restored: Path) -> Iterator[Finding]:
        yield self._settings(source / SETTINGS_COPY)
        url = self.settings.school.database_url
        log = self.settings.data_dir / LOG
        # Without the URL: the school's own database must not change, and is not asked.
        Restore(
            source=source / COPIED, data_dir=restored, purges=log if log.exists() else None,
            clock=self.clock, say=self.say,
        ).run()  # fmt: skip
        yield Finding(about="restore", state="fine", said="every file is as it was written")
        there = self.settings.model_copy(
            update={"data_dir": restored, "school": SchoolSettings(), "shards": ()}
        )
        for finding in findings(there):
            if finding.about not in {"data directory", "disk"}:
                yield finding
        if url is None:
            yield from self._school(restored)
        else:
            yield _dump(source / DUMP)
        yield self._values(restored)

    def _settings(self, copy: Path) -> Finding:
        try:
            ServerSettings.load(copy)
        except RoomtoneError as error:
            return Finding(
                about="settings", state="wrong", said=str(error), advice="correct server.toml"
            )
        return Finding(about="settings", state="fine", said="can be used by this program")

    def _school(self, restored: Path) -> Iterator[Finding]:
        with closing(open_lesson_store(restored)) as lessons:
            there = len(lessons.lessons())
        with closing(open_lesson_store(self.settings.data_dir)) as lessons:
            here = len(lessons.lessons())
        yield Finding(about="lessons", state="fine", said=f"{there} in the backup, {here} here now")
        with closing(open_school_database(restored, None)) as database:
            verdict = Verification(
                database=database, directory=restored, clock=self.clock, say=self.say
            ).run()
        if verdict.n_faults:
            yield Finding(
                about="audit log", state="wrong", said=verdict.faults[0],
                advice="docs/audit.md says what to do",
            )  # fmt: skip
        else:
            said = f"{verdict.entries} entries, none missing or changed"
            yield Finding(about="audit log", state="fine", said=said)

    def _values(self, restored: Path) -> Finding:
        """Read the end of the newest run that has values, and the scores of the newest lesson."""
        n_values = 0
        with closing(open_period_reader(restored)) as reader:
            runs = reader.streams()
            for run in reversed(runs):
                newest = reader.kept(run.id).last_range()
                if newest is None:
                    continue
                read = reader.read(run.id, max(0, newest[1] - _SECONDS), newest[1])
                n_values = sum(each.values.size for each in read)
                if n_values:
                    break
        with closing(open_score_store(restored)) as scores:
            scored = scores.scored_lessons()
            n_epochs = len(scores.epochs(scored[-1].lesson)) if scored else 0
        said = (
            f"{len(runs)} runs of kits; {n_values} values and {n_epochs} epochs of the newest read"
        )
        if runs and not n_values:
            return Finding(
                about="values", state="note", said=f"{len(runs)} runs of kits, none with values",
                advice="that is right if retention has removed all of them",
            )  # fmt: skip
        return Finding(about="values", state="fine", said=said)


def _dump(dump: Path) -> Finding:
    """Whether pg_restore can read the dump; it is not put into a database."""
    about = "school's database"
    try:
        done = subprocess.run(
            ("pg_restore", "--list", str(dump)), check=False, capture_output=True, text=True,
            errors="replace",
        )  # fmt: skip
    except OSError as error:
        return Finding(
            about=about, state="wrong", said=f"pg_restore can't be started ({brief_of(error)})",
            advice="sudo apt install postgresql-client",
        )  # fmt: skip
    tables = done.stdout.count(" TABLE DATA ")
    if done.returncode or not tables:
        return Finding(
            about=about, state="wrong", said=f"its dump can't be read: {done.stderr.strip()[-200:]}",
            advice="check the disk, and make another backup",
        )  # fmt: skip
    return Finding(about=about, state="fine", said=f"its dump has {tables} tables, and can be read")
