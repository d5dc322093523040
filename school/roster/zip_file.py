"""A OneRoster zip archive: its manifest, and the rows of the few files that are looked at.

Files about pupils alone, such as demographics.csv, results.csv and lineItems.csv, are never opened.
"""

from __future__ import annotations

import csv
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self, get_args

from contract.errors import UsageError
from school.roster.source import COLUMNS, ROLES, Mode, SourceRow, Version

__all__ = ["ZipRoster"]

_MANIFEST: Final = "manifest.csv"
_MAX_MEMBERS: Final = 100
_MAX_MEMBER_BYTES: Final = 512 << 20
"""A district of 200,000 pupils has about 100 MB of enrolments."""
_MAX_LINE_BYTES: Final = 64 << 10
_MAX_COLUMNS: Final = 200
_OPTIONAL: Final = frozenset({
    "status", "location", "primary", "beginDate", "endDate", "email", "enabledUser",
    "preferredGivenName", "preferredFamilyName", "roleType",
})  # fmt: skip
_BY_VERSION: Final = {
    "1.1": {"users": frozenset[str]()},
    "1.2": {"users": frozenset({"role", "orgSourcedIds"})},
}
"""Columns of a file that a version has not."""
_DAMAGED: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, OSError,
    RuntimeError, UnicodeDecodeError,
)  # fmt: skip
"""What zipfile raises for what is damaged, encrypted, or packed in a way that it does not know."""


class ZipRoster:
    """Close it, or use it as a context manager. Raises UsageError for what is no roster."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        if not path.is_file():
            raise UsageError(f"There is no file {path}; check its name.")
        # Opened here, so that it is closed too while a file in it is half read.
        self._file = path.open("rb")
        try:
            self._zip = zipfile.ZipFile(self._file)
            self._members = _members_of(self._zip, self.name)
            manifest = self._manifest()
            self.version = _version_of(manifest, f"{self.name}, {_MANIFEST}")
            self._modes = self._modes_of(manifest)
        except _DAMAGED as error:
            self._file.close()
            raise UsageError(
                f"{path} is no zip archive that can be read ({error}); export the roster again."
            ) from error
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()
        self._file.close()

    def mode(self, file: str) -> Mode:
        return self._modes.get(file, "absent")

    def rows(self, file: str) -> Iterator[SourceRow]:
        place = f"{self.name}, {file}.csv"
        lines = self._lines(f"{file}.csv", place)
        head = next(lines, None)
        if head is None:
            raise UsageError(f"{place} is empty; its first line names the columns.")
        names = _names_of(head[1], place)
        not_there = _BY_VERSION[self.version].get(file, frozenset())
        wanted = [column for column in COLUMNS[file] if column not in not_there]
        at = {column: names[column.lower()] for column in wanted if column.lower() in names}
        missing = [column for column in wanted if column not in at and column not in _OPTIONAL]
        if missing:
            raise UsageError(
                f"{place}: the first line has no {', '.join(missing)}, which OneRoster "
                f"{self.version} asks for."
            )
        for number, cells in lines:
            if len(cells) > len(names):
                raise UsageError(
                    f"{place}, line {number}: more values than columns; texts with a comma belong "
                    "into quotes."
                )
            yield SourceRow(
                f"{place}, line {number}",
                {name: cells[i].strip() for name, i in at.items() if i < len(cells)},
            )

    def _manifest(self) -> dict[str, str]:
        place = f"{self.name}, {_MANIFEST}"
        if _MANIFEST not in self._members:
            within = next(
                (each for each in self._zip.namelist() if each.endswith("/manifest.csv")), ""
            )
            more = (
                f"; the files are in the folder {within.split('/')[0]}, not at the top"
                if within
                else ""
            )
            raise UsageError(
                f"{self.name} has no manifest.csv, so it is no OneRoster archive{more}."
            )
        found: dict[str, str] = {}
        for number, cells in self._lines(_MANIFEST, place):
            if len(cells) < 2:
                raise UsageError(f"{place}, line {number}: a line has a name and a value.")
            name = cells[0].strip()
            if name in found:
                raise UsageError(f"{place}, line {number}: {name[:80]} stands there twice.")
            found[name] = cells[1].strip()
        return found

    def _modes_of(self, manifest: dict[str, str]) -> dict[str, Mode]:
        place = f"{self.name}, {_MANIFEST}"
        modes: dict[str, Mode] = {}
        for file in COLUMNS:
            if file == ROLES and self.version == "1.1":
                continue
            said = manifest.get(f"file.{file}", "absent").lower()
            mode = next((each for each in get_args(Mode) if each == said), None)
            if mode is None:
                raise UsageError(
                    f"{place}: file.{file} is “{said[:40]}”, expected bulk, delta or absent."
                )
            if mode != "absent" and f"{file}.csv" not in self._members:
                raise UsageError(f"{place} names {file}.csv, and the archive has no such file.")
            modes[file] = mode
        if self.version == "1.2" and modes["users"] != modes[ROLES]:
            raise UsageError(
                f"{place}: users are {modes['users']} and roles {modes[ROLES]}; only the roles say "
                "who is a teacher, so both have to come in the same way."
            )
        return modes

    def _lines(self, member: str, place: str) -> Iterator[tuple[int, Sequence[str]]]:
        """The number and the cells of each line with something in it."""
        info = self._members[member]
        if info.file_size > _MAX_MEMBER_BYTES:
            raise UsageError(
                f"{place} has {info.file_size >> 20} MiB when unpacked; at most "
                f"{_MAX_MEMBER_BYTES >> 20} are read."
            )
        try:
            with self._zip.open(info) as file:
                reader = csv.reader(_text_lines(file, place), strict=True)
                try:
                    for cells in reader:
                        if any(cell.strip() for cell in cells):
                            yield reader.line_num, cells
                except csv.Error as error:
                    raise UsageError(
                        f"{place}, line {reader.line_num}: not CSV ({error})."
                    ) from error
        except _DAMAGED as error:
            raise UsageError(
                f"{place} can't be read ({error}); export the roster again."
            ) from error


def _members_of(archive: zipfile.ZipFile, name: str) -> dict[str, zipfile.ZipInfo]:
    """The files at the top, by name."""
    infos = archive.infolist()
    if len(infos) > _MAX_MEMBERS:
        raise UsageError(
            f"{name} holds {len(infos)} files; a OneRoster archive has at most {_MAX_MEMBERS}."
        )
    found: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        if info.filename in found:
            raise UsageError(f"{name} holds {info.filename[:80]} twice.")
        found[info.filename] = info
    return found


def _version_of(manifest: dict[str, str], place: str) -> Version:
    said = manifest.get("oneroster.version", "")
    for version in get_args(Version):
        if said == version:
            return version  # type: ignore[no-any-return]
    raise UsageError(
        f"{place}: oneroster.version is “{said[:40]}”; this reads {' and '.join(get_args(Version))}."
    )


def _text_lines(file: IO[bytes], place: str) -> Iterator[str]:
    """Lines of UTF-8, none of them longer than a roster's can be: an archive may unpack to anything."""
    number = 0
    while line := file.readline(_MAX_LINE_BYTES + 1):
        number += 1
        where = f"{place}, line {number}"
        if len(line) > _MAX_LINE_BYTES:
            raise UsageError(f"{where}: longer than {_MAX_LINE_BYTES >> 10} KiB.")
        if number == 1:
            if line.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise UsageError(f"{place} is UTF-16; OneRoster's files are UTF-8.")
            line = line.removeprefix(b"\xef\xbb\xbf")
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(f"{where}: not UTF-8 (byte {error.start + 1} of the line).") from error
        if "\0" in text:
            raise UsageError(f"{where}: a NUL character, so it is no text.")
        yield text


def _names_of(cells: Sequence[str], place: str) -> dict[str, int]:
    """The columns' places, by name in lower case."""
    names = [cell.strip().lower() for cell in cells]
    if len(names) > _MAX_COLUMNS:
        raise UsageError(f"{place}: {len(names)} columns; at most {_MAX_COLUMNS} are read.")
    for cell, name in zip(cells, names, strict=True):
        if name and names.count(name) > 1:
            raise UsageError(f"{place}: the first line names the column {cell.strip()[:80]} twice.")
    return {name or f"\0{i}": i for i, name in enumerate(names)}
