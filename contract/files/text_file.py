"""Reads a person's text files, whatever program wrote them, and writes new ones.

Editors and spreadsheets write UTF-8 with or without a byte order mark, or UTF-16. Anything else is
refused in one sentence that names the file and says what to do.
"""

from __future__ import annotations

import codecs
import os
import stat
from pathlib import Path
from typing import Final

from contract.errors import UsageError

__all__ = ["MAX_TEXT_BYTES", "decode_text", "read_bytes", "read_text", "write_new"]

MAX_TEXT_BYTES: Final = 32 << 20
"""A large school's timetable takes about 1 MB a year."""

_SAVE: Final = "save it again as text in UTF-8"
_KINDS: Final = (
    (b"PK\x03\x04", "an Excel workbook or another ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook or another Office file"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive"),
    (codecs.BOM_UTF32_LE, "text in UTF-32"),
    (codecs.BOM_UTF32_BE, "text in UTF-32"),
)
"""The first bytes of files that people choose by mistake. UTF-32 comes before UTF-16: both begin
alike."""


def read_text(path: Path) -> str:
    """The text of a file; raises UsageError with what is wrong and what to do."""
    return decode_text(read_bytes(path), str(path))


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet, in UTF-8; raises UsageError."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"There is a file {path} already; name another one.") from None
    except OSError as error:
        raise UsageError(f"{path} can't be written ({error.strerror}).") from error


def decode_text(data: bytes, where: str) -> str:
    """Decode UTF-8 or UTF-16; raises UsageError with a sentence that begins with `where`."""
    for beginning, kind in _KINDS:
        if data.startswith(beginning):
            raise UsageError(f"{where} is {kind}; {_SAVE}.")
    if data in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        raise UsageError(f"{where} holds a byte order mark and no text; {_SAVE}.")
    encoding = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        name = "UTF-16" if encoding.startswith("utf-16") else "UTF-8"
        raise UsageError(f"{where} is not {name} text (byte {error.start}); {_SAVE}.") from error
    if "\0" in text:
        raise UsageError(f"{where} holds NUL characters, so it is no text; {_SAVE}.")
    return text


def _encoding(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without a mark: in UTF-16 an ASCII character has a NUL byte, and UTF-8 text has none.
    pairs = len(data) // 2
    if pairs and len(data) % 2 == 0:
        even, odd = data[::2].count(0), data[1::2].count(0)
        if odd > pairs // 2 and odd > even and 0 < data[0] < 128:
            return "utf-16-le"
        if even > pairs // 2 and even > odd and 0 < data[1] < 128:
            return "utf-16-be"
    return "utf-8-sig"


def read_bytes(path: Path) -> bytes:
    """The bytes of a plain file of a bounded size; raises UsageError as `read_text` does."""
    try:
        # Opening a pipe would wait for a writer.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise UsageError(f"There is no file {path}; check its name.") from error
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{path} can't be read ({reason}); check its name and rights.") from error
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise UsageError(f"{path} is a directory; name a text file in it.")
        if not stat.S_ISREG(mode):
            raise UsageError(
                f"{path} is a pipe or a device; save its text in a file and name that."
            )
        with open(handle, "rb", closefd=False) as file:
            data = file.read(MAX_TEXT_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} can't be read ({error.strerror}); check the disk.") from error
    finally:
        os.close(handle)
    if len(data) > MAX_TEXT_BYTES:
        raise UsageError(
            f"{path} is larger than {MAX_TEXT_BYTES >> 20} MiB, so it is not the file that is meant "
            "here; check its name."
        )
    return data
