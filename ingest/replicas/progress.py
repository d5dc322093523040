"""How far one replica is: a small database of its own, which nothing else depends on.

It holds what has been taken, so that after a day's absence no more than that day is sent; which lessons
are to be written again, or deleted; and the points that the replica has refused. If it is lost, all is
sent once more, which changes nothing there. Losing the newest commit to a crash costs the same.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contract.files.sqlite_file import (
    WriterLock,
    make_directory,
    open_database,
    store_errors,
    transaction,
)
from contract.ranges import SeqRanges

__all__ = ["FOLDER", "KnownLesson", "Progress", "RefusedPoints", "SentRun", "progress_files"]

FOLDER: Final = "replicas"
"""The folder of a data directory that has a file for each replica."""
_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE cursor(id INTEGER PRIMARY KEY CHECK(id = 0), cursor INTEGER NOT NULL,
    scores_utc_ns INTEGER NOT NULL) STRICT;
INSERT INTO cursor VALUES(0, 0, 0);
CREATE TABLE runs(run TEXT PRIMARY KEY, sent TEXT NOT NULL, dates TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE lessons(
    lesson TEXT PRIMARY KEY, room TEXT NOT NULL, starts_utc_ns INTEGER NOT NULL,
    over_utc_ns INTEGER NOT NULL, shape TEXT NOT NULL, scored_utc_ns INTEGER NOT NULL,
    total INTEGER NOT NULL, extra INTEGER NOT NULL, newest_utc_ns INTEGER NOT NULL, gone TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX lessons_room ON lessons(room, starts_utc_ns);
CREATE INDEX lessons_over ON lessons(over_utc_ns);
CREATE TABLE owed(lesson TEXT PRIMARY KEY, is_deletion INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE aside(
    id INTEGER PRIMARY KEY, utc_ns INTEGER NOT NULL, reason TEXT NOT NULL, lines BLOB NOT NULL) STRICT;
CREATE TABLE undated(stream INTEGER PRIMARY KEY) STRICT;
CREATE TABLE waiting(id INTEGER PRIMARY KEY, lines BLOB NOT NULL) STRICT"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLesson:
    """A lesson of which a replica has points."""

    lesson: str
    room: str
    starts_utc_ns: int
    over_utc_ns: int
    shape: str
    """All that decides which points it has: another shape means other points."""
    scored_utc_ns: int = -1
    """The newest epoch that was sent."""
    total: int = 0
    """The sum of the hashes of all lines of scores that are there."""
    extra: int = 0
    """The same of alerts and gaps."""
    newest_utc_ns: int = -1
    """The newest second that was sent."""
    gone: tuple[str, ...] = ()
    """The measurements that are past their days, and deleted."""


@dataclass(slots=True)
class SentRun:
    """What of a run has been taken, and at which dates."""

    sent: SeqRanges
    dates: list[tuple[int, int]]
    """(seq from which on, UTC minus boot clock), in order of seq."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPoints:
    """Points that a replica does not take, and why, in its own words."""

    id: int
    utc_ns: int
    reason: str
    lines: str


class Progress:
    """The file of one replica; only one program at a time may have it open."""

    def __init__(self, data_dir: Path, name: str) -> None:
        self.path = data_dir / FOLDER / f"{name}.db"
        make_directory(self.path.parent)
        self._lock = WriterLock(self.path)
        self._lock.acquire()
        try:
            self._database = open_database(self.path, _SCHEMA, _VERSION)
            self._database.execute("PRAGMA secure_delete = ON")
        except BaseException:
            self._lock.release()
            raise

    # ------------------------------------------------------------------------ how far

    def cursor(self) -> tuple[int, int]:
        """How far the periods are sent, and up to which time of writing the scores."""
        row = self._one("SELECT cursor, scores_utc_ns FROM cursor")
        return int(row[0]), int(row[1])

    def run(self, run: str) -> SentRun:
        row = self._one("SELECT sent, dates FROM runs WHERE run = ?", run)
        if row is None:
            return SentRun(SeqRanges(), [])
        sent = SeqRanges((int(first), int(last)) for first, last in json.loads(row[0]))
        return SentRun(sent, [(int(seq), int(offset)) for seq, offset in json.loads(row[1])])

    def keep(
        self,
        *,
        runs: Iterable[tuple[str, SentRun]] = (),
        lessons: Iterable[KnownLesson] = (),
        cursor: int | None = None,
        scores_utc_ns: int | None = None,
    ) -> None:
        """Note what a replica has taken, in one transaction."""
        with self._writing():
            self._database.executemany(
                "INSERT OR REPLACE INTO runs VALUES(?, ?, ?)",
                [(run, json.dumps(x.sent.spans()), json.dumps(x.dates)) for run, x in runs],
            )
            self._database.executemany(
                "INSERT OR REPLACE INTO lessons VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (x.lesson, x.room, x.starts_utc_ns, x.over_utc_ns, x.shape, x.scored_utc_ns,
                     x.total, x.extra, x.newest_utc_ns, json.dumps(x.gone))
                    for x in lessons
                ],
            )  # fmt: skip
            self._database.execute(
                "UPDATE cursor SET cursor = coalesce(?, cursor), "
                "scores_utc_ns = coalesce(?, scores_utc_ns)",
                (cursor, scores_utc_ns),
            )

    # ------------------------------------------------------------------------ lessons

    def lesson(self, lesson: str) -> KnownLesson | None:
        found = self._lessons("lesson = ?", lesson)
        return found[0] if found else None

    def lessons(self) -> list[str]:
        with store_errors(self.path):
            return [name for (name,) in self._database.execute("SELECT lesson FROM lessons")]

    def lessons_since(self, utc_ns: int) -> list[str]:
        """Those that began after a time."""
        return [each.lesson for each in self._lessons("starts_utc_ns > ?", utc_ns)]

    def lessons_of_room(self, room: str, from_utc_ns: int, to_utc_ns: int) -> list[KnownLesson]:
        """Those of a room that touch a span of time."""
        where = "room = ? AND starts_utc_ns < ? AND over_utc_ns > ?"
        return self._lessons(where, room, to_utc_ns, from_utc_ns)

    def lessons_over(self, before_utc_ns: int) -> list[KnownLesson]:
        """Those that were over before a time, the oldest first."""
        return self._lessons("over_utc_ns < ? ORDER BY over_utc_ns", before_utc_ns)

    def owe(self, lessons: Iterable[str], *, is_deletion: bool = False) -> None:
        """Note that lessons are to be written again, or deleted: then they are not written."""
        with self._writing():
            self._database.executemany(
                "INSERT INTO owed VALUES(?, ?) ON CONFLICT(lesson) "
                "DO UPDATE SET is_deletion = max(is_deletion, excluded.is_deletion)",
                [(lesson, is_deletion) for lesson in lessons],
            )

    def owed(self) -> list[tuple[str, bool]]:
        """The lessons to write again, and whether each is to be deleted instead."""
        with store_errors(self.path):
            rows = self._database.execute("SELECT lesson, is_deletion FROM owed ORDER BY lesson")
            return [(lesson, bool(is_deletion)) for lesson, is_deletion in rows]

    def settled(self, lesson: str) -> None:
        """It is written again, or deleted."""
        with self._writing():
            self._database.execute("DELETE FROM owed WHERE lesson = ?", (lesson,))

    def forget_lesson(self, lesson: str) -> None:
        """Nothing of a lesson is there any more."""
        with self._writing():
            self._database.execute("DELETE FROM lessons WHERE lesson = ?", (lesson,))

    def forget_aside(self, tag: str) -> None:
        """Remove what is kept aside with a tag, as it stands in a line."""
        with self._writing():
            for number, lines in self._database.execute("SELECT id, lines FROM aside").fetchall():
                every = _unpacked(lines).split("\n")
                left = [each for each in every if f",{tag}," not in each and f",{tag} " not in each]
                if not left:
                    self._database.execute("DELETE FROM aside WHERE id = ?", (number,))
                elif len(left) < len(every):
                    self._database.execute(
                        "UPDATE aside SET lines = ? WHERE id = ?", (_packed(left), number)
                    )

    # ------------------------------------------------------------------------ what waits

    def undated(self) -> list[int]:
        """Streams that had no date when their periods came."""
        with store_errors(self.path):
            return [x for (x,) in self._database.execute("SELECT stream FROM undated ORDER BY 1")]

    def note_undated(self, stream_id: int) -> None:
        with self._writing():
            self._database.execute("INSERT OR IGNORE INTO undated VALUES(?)", (stream_id,))

    def note_dated(self, stream_id: int) -> None:
        with self._writing():
            self._database.execute("DELETE FROM undated WHERE stream = ?", (stream_id,))

    def push(self, lines: Sequence[str], *, max_bytes: int) -> None:
        """Hold points that nothing else holds until they are sent; the oldest go if it is too much."""
        with self._writing():
            self._database.execute("INSERT INTO waiting(lines) VALUES(?)", (_packed(lines),))
            while self._one("SELECT sum(length(lines)) > ? FROM waiting", max_bytes)[0]:
                self._database.execute(
                    "DELETE FROM waiting WHERE id = (SELECT min(id) FROM waiting)"
                )

    def waiting(self) -> tuple[int, list[str]] | None:
        """The oldest of these with its number."""
        row = self._one("SELECT id, lines FROM waiting ORDER BY id LIMIT 1")
        return None if row is None else (int(row[0]), _unpacked(row[1]).split("\n"))

    def pop(self, number: int) -> None:
        with self._writing():
            self._database.execute("DELETE FROM waiting WHERE id = ?", (number,))

    # ------------------------------------------------------------------------ aside

    def put_aside(self, lines: Sequence[str], reason: str, utc_ns: int, *, max_bytes: int) -> bool:
        """Keep refused points; False if there is no more room for them."""
        body = _packed(lines)
        with self._writing():
            held = self._one("SELECT coalesce(sum(length(lines)), 0) FROM aside")[0]
            if held + len(body) > max_bytes:
                return False
            self._database.execute(
                "INSERT INTO aside(utc_ns, reason, lines) VALUES(?, ?, ?)", (utc_ns, reason, body)
            )
        return True

    def aside(self, limit: int = 100) -> list[RefusedPoints]:
        with store_errors(self.path):
            rows = self._database.execute(
                "SELECT id, utc_ns, reason, lines FROM aside ORDER BY id LIMIT ?", (limit,)
            ).fetchall()
        return [
            RefusedPoints(id=number, utc_ns=utc_ns, reason=reason, lines=_unpacked(lines))
            for number, utc_ns, reason, lines in rows
        ]

    def count_aside(self) -> int:
        """How many refused points are kept."""
        with store_errors(self.path):
            rows = self._database.execute("SELECT lines FROM aside")
            return sum(_unpacked(lines).count("\n") + 1 for (lines,) in rows)

    def close(self) -> None:
        self._database.close()
        self._lock.release()

    def _lessons(self, where: str, *values: object) -> list[KnownLesson]:
        with store_errors(self.path):
            rows = self._database.execute(f"SELECT * FROM lessons WHERE {where}", values).fetchall()  # noqa: S608
        return [
            KnownLesson(
                lesson=row[0], room=row[1], starts_utc_ns=row[2], over_utc_ns=row[3], shape=row[4],
                scored_utc_ns=row[5], total=row[6], extra=row[7],
                newest_utc_ns=row[8], gone=tuple(json.loads(row[9])),
            )
            for row in rows
        ]  # fmt: skip

    def _one(self, statement: str, *values: object) -> Any:
        with store_errors(self.path):
            return self._database.execute(statement, values).fetchone()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with store_errors(self.path), transaction(self._database):
            yield


def progress_files(data_dir: Path) -> list[str]:
    """The names of replicas that have ever been fed from a data directory."""
    return sorted(path.stem for path in (data_dir / FOLDER).glob("*.db"))


def _packed(lines: Sequence[str]) -> bytes:
    return zlib.compress("\n".join(lines).encode(), 1)


def _unpacked(body: bytes) -> str:
    return zlib.decompress(body).decode()
