"""How a purge reaches the programs that write: as files in the folder `purges` of the data.

Each file of the data has one writer. The command puts down what is to go; a writer that runs
does its own part and puts down that it is done; for a writer that does not run the command takes
its place. A purge that was cut short is in the folder still, and is taken up again.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract.errors import StoreError
from ingest.stores.records import Purge
from ingest.stores.sqlite_file import make_directory, sync_directory

__all__ = ["PARTS", "PartDone", "PurgeFolder", "PurgeRequest", "private"]

PARTS: Final = {"ingest": "main.db", "score": "score.db"}
"""Part → the file whose writer does it, in the order in which they are done.

What feeds a replica adds its part here: it removes what waits for that replica.
"""

PurgeId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class _Note(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def line(self) -> str:
        return self.model_dump_json(indent=None) + "\n"


N = TypeVar("N", bound=_Note)


class PurgeRequest(_Note):
    """What is to go; all that the writers need, and nothing of what goes."""

    id: PurgeId
    asked_utc_ns: int
    room: str
    seat: int | None = None
    lesson: str | None = None
    """The lesson that was named; its span is in `from_utc_ns` and `to_utc_ns`."""
    from_utc_ns: int = 0
    to_utc_ns: int
    lessons: tuple[str, ...] = ()
    """Lessons that go, with their moments."""
    moments: tuple[str, ...] = ()
    scored: tuple[str, ...] = ()
    """Lessons whose epochs and alerts go, as far as they touch the span."""
    again: tuple[str, ...] = ()
    """Lessons to score again, without what has gone."""

    @property
    def purge(self) -> Purge:
        """The periods' part of it."""
        return Purge(
            id=self.id, room=self.room, seat=self.seat,
            from_utc_ns=self.from_utc_ns, to_utc_ns=self.to_utc_ns,
        )  # fmt: skip


class PartDone(_Note):
    """What one writer has removed."""

    removed: dict[str, int]
    """What → how many."""


class PurgeFolder:
    """The folder `purges` of a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "purges"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One purge or backup at a time; raises StoreError if another is under way."""
        make_directory(self._path)
        handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StoreError(
                    f"Another purge or backup of {self._path.parent} is under way: "
                    "ask again when it has ended."
                ) from error
            yield
        finally:
            os.close(handle)

    def ask(self, request: PurgeRequest) -> None:
        make_directory(self._path)
        self._write(f"{request.id}.json", request.line())

    def waiting(self) -> list[PurgeRequest]:
        """What was asked and is not finished, the oldest first."""
        try:
            names = [path.name for path in self._path.iterdir()]
        except FileNotFoundError:
            return []
        asked = [name for name in names if name.count(".") == 1 and name.endswith(".json")]
        found = [r for name in asked if (r := self._read(name, PurgeRequest)) is not None]
        return sorted(found, key=lambda request: (request.asked_utc_ns, request.id))

    def done(self, request: PurgeRequest, part: str) -> PartDone | None:
        """What a part has removed, once it is done."""
        return self._read(f"{request.id}.{part}.json", PartDone)

    def is_turn(self, request: PurgeRequest, part: str) -> bool:
        """Whether the parts before this one are done, and this one is not."""
        for each in PARTS:
            if each == part:
                return self.done(request, part) is None
            if self.done(request, each) is None:
                return False
        return False

    def note_done(self, request: PurgeRequest, part: str, done: PartDone) -> None:
        self._write(f"{request.id}.{part}.json", done.line())

    def finish(self, request: PurgeRequest) -> None:
        """Forget a request that is done and recorded."""
        for name in (f"{request.id}.json", *(f"{request.id}.{part}.json" for part in PARTS)):
            (self._path / name).unlink(missing_ok=True)
        sync_directory(self._path)

    def _read(self, name: str, kind: type[N]) -> N | None:
        path = self._path / name
        try:
            return kind.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise StoreError(
                f"{path} can't be read as a purge: ask for the purge again and remove this file."
            ) from error

    def _write(self, name: str, text: str) -> None:
        path = self._path / name
        new = path.with_name(name + ".new")
        try:
            with open(new, "w", encoding="utf-8", opener=private) as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
            sync_directory(self._path)
        except OSError as error:
            raise StoreError(f"{path} can't be written ({error.strerror}).") from error


def private(path: str, flags: int) -> int:
    """Open a file that its owner alone may read."""
    return os.open(path, flags, 0o600)
