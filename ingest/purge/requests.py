"""How a purge reaches the writing programs: as files in the folder `purges` of the data directory.

Each database has one writer. The command writes a request. A writer that runs does its own part and
writes a note when it is done; for a writer that does not run, the command does the part itself. The
request of an interrupted purge stays in the folder, so that the purge can be resumed.

Other programs may write into the folder. Whatever is there is opened without blocking, read up to a
limit and checked; what is invalid is put aside, and the valid requests go on.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from contract.errors import StoreError, UnfitFileError, UsageError
from contract.files.plain_file import read_plain_file
from contract.files.sqlite_file import make_directory, sync_directory
from contract.settings import Name
from ingest.purge.set_aside import PurgeAside
from ingest.stores.records import Purge

__all__ = [
    "PARTS", "PartDone", "PersonLeft", "PurgeFolder", "PurgeRequest", "private", "write_whole",
]  # fmt: skip

PARTS: Final = {"ingest": "main.db", "score": "score.db", "replicas": "replicas.db"}
"""Part → the file whose writer does it, in the order of the parts.

The last one is the replicas', where there are any; its file is a lock alone, since each replica has
a file of its own.
"""

_LOG = logging.getLogger("purge")
_REQUEST: Final = re.compile(r"([0-9a-f]{16})\.json", re.ASCII)
_OWN: Final = re.compile(r"[0-9a-f]{16}(\.[a-z]+)?\.json(\.new)?|aside", re.ASCII)
"""Names of files that this program writes."""
_STRANGE: Final = re.compile(r"[^\w.-]", re.ASCII)
_MAX_IDS: Final = 50_000
_MAX_BYTES: Final = 8 << 20
_MAX_ENTRIES: Final = 1_000
"""Entries of the folder that are examined at once."""
_MAX_REQUESTS: Final = 100
"""Requests that are read at once; a person makes one at a time."""
_MAX_PUT_ASIDE: Final = 20
_MAX_LOGGED: Final = 3
# The machine is short of something for a while; that says nothing about the file.
_PASSING: Final = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ENOBUFS}

PurgeId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
UtcNs = Annotated[int, Field(ge=0, lt=1 << 63, strict=True)]
Ids = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(max_length=_MAX_IDS)
]
Count = Annotated[int, Field(ge=0, lt=1 << 63, strict=True)]


class _PurgeFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def line(self) -> str:
        return self.model_dump_json(indent=None) + "\n"


N = TypeVar("N", bound=_PurgeFile)


class PurgeRequest(_PurgeFile):
    """What to remove; all that the writers need, and none of the data itself."""

    id: PurgeId
    asked_utc_ns: UtcNs
    room: Name
    seat: Annotated[int, Field(ge=1, le=255, strict=True)] | None = None
    lesson: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """The lesson that was named; its span is in `from_utc_ns` and `to_utc_ns`."""
    from_utc_ns: UtcNs = 0
    to_utc_ns: UtcNs
    lessons: Ids = ()
    """Lessons to remove, with their moments."""
    moments: Ids = ()
    scored: Ids = ()
    """Lessons whose epochs and alerts in the span are removed."""
    again: Ids = ()
    """Lessons to score again without the removed data."""

    @model_validator(mode="after")
    def _check_span(self) -> Self:
        if self.from_utc_ns > self.to_utc_ns:
            raise ValueError("the span ends before it begins")
        return self

    @classmethod
    def planned(cls, **fields: Any) -> Self:
        """Build a person's request; raises UsageError if it is too large for a file."""
        try:
            request = cls(**fields)
        except ValidationError as error:
            raise UsageError(
                f"this purge can't be asked for ({_first_fault(error)}); if it names more than "
                f"{_MAX_IDS} lessons or moments, purge it in spans, with --from and --to."
            ) from error
        if len(request.line()) > _MAX_BYTES:
            raise UsageError(
                "this purge names too many lessons and moments for one request; purge it in "
                "spans, with --from and --to."
            )
        return request

    @property
    def file_name(self) -> str:
        return f"{self.id}.json"

    @property
    def purge(self) -> Purge:
        """The part of the request that is about periods."""
        return Purge(
            id=self.id, room=self.room, seat=self.seat,
            from_utc_ns=self.from_utc_ns, to_utc_ns=self.to_utc_ns,
        )  # fmt: skip


class PersonLeft(_PurgeFile):
    """Someone left, and their name was removed; it stands in the record beside the purges."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    """The person's, which names nobody any more."""
    left_utc_ns: UtcNs
    deletes_lessons: bool


class PartDone(_PurgeFile):
    """A note of what one writer has removed."""

    removed: Annotated[dict[Annotated[str, Field(max_length=100)], Count], Field(max_length=20)]
    """Kind of data → number."""


class PurgeFolder:
    """The folder `purges` of a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "purges"
        self.aside = PurgeAside(self._path)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock for one purge or backup; raises StoreError if another one runs."""
        make_directory(self._path)
        handle = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StoreError(
                    f"Another purge or backup of {self._path.parent} is running: "
                    "try again when it has ended."
                ) from error
            yield
        finally:
            os.close(handle)

    def ask(self, request: PurgeRequest) -> None:
        make_directory(self._path)
        self._write(request.file_name, request)

    def waiting(self) -> list[PurgeRequest]:
        """Unfinished requests, the oldest first, up to a limit.

        Files that are no requests are put aside. Raises StoreError if the folder can't be read.
        """
        names = self._names()
        unfit: list[tuple[str, str]] = []
        found: list[PurgeRequest] = []
        for name in names:
            if _REQUEST.fullmatch(name):
                if len(found) == _MAX_REQUESTS:
                    continue
                request = self._checked(name, PurgeRequest, unfit)
                if request is not None and request.file_name != name:
                    unfit.append((name, "the purge in it has another name than the file"))
                elif request is not None:
                    found.append(request)
            elif name.endswith(".json") and name.count(".") == 1:
                unfit.append((name, "its name is not that of a purge"))
            elif len(names) > _MAX_ENTRIES and not _OWN.fullmatch(name):
                unfit.append((name, f"the folder holds more than {_MAX_ENTRIES} entries"))
        self._put_aside(unfit)
        return sorted(found, key=lambda request: (request.asked_utc_ns, request.id))

    def is_asked(self, request: PurgeRequest) -> bool:
        """Whether a request is still in the folder."""
        return os.path.lexists(self._path / request.file_name)

    def done(self, request: PurgeRequest, part: str) -> PartDone | None:
        """What a part has removed, if it is done; an invalid note is put aside."""
        unfit: list[tuple[str, str]] = []
        note = self._checked(f"{request.id}.{part}.json", PartDone, unfit)
        self._put_aside(unfit)
        return note

    def is_turn(self, request: PurgeRequest, part: str) -> bool:
        """Whether the parts before this one are done, and this one is not."""
        return part == next((each for each in PARTS if self.done(request, each) is None), None)

    def note_done(self, request: PurgeRequest, part: str, done: PartDone) -> None:
        self._write(f"{request.id}.{part}.json", done)

    def finish(self, request: PurgeRequest) -> None:
        """Remove a request that is done and recorded."""
        try:
            for name in (request.file_name, *(f"{request.id}.{part}.json" for part in PARTS)):
                (self._path / name).unlink(missing_ok=True)
            sync_directory(self._path)
        except OSError as error:
            raise StoreError(f"{self._path} can't be written ({error.strerror}).") from error

    def _names(self) -> list[str]:
        """Sorted names in the folder, up to one more than the limit."""
        try:
            with os.scandir(self._path) as entries:
                return sorted(entry.name for entry in islice(entries, _MAX_ENTRIES + 1))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(
                f"{self._path} can't be read ({error.strerror}): it has to be a directory of the "
                "user who runs Roomtone."
            ) from error

    def _put_aside(self, unfit: list[tuple[str, str]]) -> None:
        for number, (name, why) in enumerate(unfit[:_MAX_PUT_ASIDE]):
            self.aside.put(name, why, is_logged=number < _MAX_LOGGED)
        if len(unfit) > _MAX_LOGGED:
            _LOG.error(
                "%s holds %d more files that are no purge; they are put aside as well.",
                self._path, len(unfit) - _MAX_LOGGED,
            )  # fmt: skip

    def _checked(self, name: str, kind: type[N], unfit: list[tuple[str, str]]) -> N | None:
        """A file's content; None if there is no file, or it is invalid, which is noted in `unfit`."""
        try:
            content = read_plain_file(self._path / name, max_bytes=_MAX_BYTES)
            return kind.model_validate_json(content)
        except FileNotFoundError:
            return None
        except UnfitFileError as error:
            unfit.append((name, error.why))
        except OSError as error:
            if error.errno in _PASSING:
                raise StoreError(
                    f"{self._path / name} can't be read ({error.strerror})."
                ) from error
            unfit.append((name, f"it can't be read ({error.strerror})"))
        except ValidationError as error:
            unfit.append((name, _first_fault(error)))
        return None

    def _write(self, name: str, content: _PurgeFile) -> None:
        path = self._path / name
        for each in (name, f"{name}.new"):
            self._make_way(self._path / each)
        try:
            write_whole(path, content.line().encode())
        except OSError as error:
            raise StoreError(f"{path} can't be written ({error.strerror}).") from error

    def _make_way(self, path: Path) -> None:
        """Put aside anything that is no regular file at this path: opening it could hang."""
        try:
            kind = os.lstat(path).st_mode
        except OSError:
            return
        if not stat.S_ISREG(kind):
            self.aside.put(path.name, "a file of this program belongs there")


def private(path: str, flags: int) -> int:
    """An opener for files that only their owner may read."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)


def write_whole(path: Path, content: bytes) -> None:
    """Write all of a private file durably, or nothing; raises OSError."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    try:
        with open(new, "wb", opener=private) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    sync_directory(path.parent)


def _first_fault(error: ValidationError) -> str:
    """The first fault as half a sentence, without the value, which may be anything."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    # An unknown key may have any characters.
    field = _STRANGE.sub("_", ".".join(str(part) for part in first["loc"]))[:100]
    words = f"{first['msg'][:1].lower()}{first['msg'][1:]}"[:200]
    return f"{field}: {words}" if field else words
