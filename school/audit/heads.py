"""Signed heads of the audit log: what says how far it went, in a place apart from it.

A head is the number and the hash of an entry at a time. What is signed is one line of ASCII,

    newest 2026-03-02T10:00:00Z 1234 HASH        in the file audit-heads.log: the newest entry then
    removed 2026-03-02T10:00:00Z 1234 HASH       in the table audit_head: the last removed entry

with the hash in hexadecimal, so that a head of one kind is none of the other. The signature is an
HMAC-SHA-256 of that line with the 32 bytes of audit-key. A line of the file is the signed line
without its first word, and the signature in hexadecimal.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final, Literal

from contract.clock import SECOND_NS
from contract.errors import StoreError
from contract.files.plain_file import open_plain_file, read_plain_file
from contract.files.sqlite_file import disk_error, make_directory, sync_directory
from school.audit.log import SignedHead, Tip

__all__ = [
    "HEADS",
    "KEY",
    "AuditKey",
    "HeadKind",
    "HeadLine",
    "HeadsFile",
    "is_signed",
    "iso",
    "signed",
]

HEADS: Final = "audit-heads.log"
KEY: Final = "audit-key"
_KEY_BYTES: Final = 32
_MAX_LINE: Final = 400
_SCANNED: Final = 4 * _MAX_LINE
"""So many bytes are read line by line."""
_LINE: Final = re.compile(
    rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (\d{1,19}) ([0-9a-f]{64}) ([0-9a-f]{64})\n"
)
_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK

HeadKind = Literal["newest", "removed"]


class AuditKey:
    """The key that signs heads, in a file that its owner alone may read."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / KEY

    def read(self) -> bytes | None:
        """The key; None if there is none. Raises StoreError."""
        try:
            key = read_plain_file(self.path, max_bytes=1_024)
        except FileNotFoundError:
            return None
        except StoreError:
            raise
        except OSError as error:
            raise StoreError(f"{self.path} can't be read ({error.strerror}).") from error
        if len(key) != _KEY_BYTES:
            raise StoreError(
                f"{self.path} is no key: it has {len(key)} bytes and not {_KEY_BYTES}; copy it back "
                "from a backup."
            )
        return key

    def make(self) -> bytes:
        """A new key, durably; raises StoreError."""
        make_directory(self.path.parent)
        new = self.path.with_name(KEY + ".new")
        key = secrets.token_bytes(_KEY_BYTES)
        try:
            new.unlink(missing_ok=True)
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(key)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
            sync_directory(self.path.parent)
        except OSError as error:
            raise disk_error(self.path, error) from error
        return key


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadLine:
    """One line of audit-heads.log; without `head` it is none."""

    number: int
    head: SignedHead | None


def signed(kind: HeadKind, tip: Tip, at_utc_ns: int, key: bytes) -> SignedHead:
    """A head with its signature."""
    signature = hmac.new(key, _text(kind, at_utc_ns, tip), hashlib.sha256).digest()
    return SignedHead(at_utc_ns=at_utc_ns, number=tip.number, hash=tip.hash, signature=signature)


def is_signed(kind: HeadKind, head: SignedHead, key: bytes) -> bool:
    """Whether a head was signed with this key, as a head of this kind."""
    own = signed(kind, Tip(head.number, head.hash), head.at_utc_ns, key)
    return hmac.compare_digest(own.signature, head.signature)


def iso(utc_ns: int) -> str:
    """A time as a head has it, in whole seconds."""
    return datetime.fromtimestamp(utc_ns // SECOND_NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class HeadsFile:
    """audit-heads.log of a data directory, only appended to; or a copy of it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, head: SignedHead) -> None:
        """Add a head, durably; raises StoreError."""
        line = b" ".join(
            (_text("newest", head.at_utc_ns, Tip(head.number, head.hash)).partition(b" ")[2],
             head.signature.hex().encode())
        )  # fmt: skip
        try:
            is_new = not self.path.exists()
            handle = os.open(self.path, _FLAGS, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                whole = _whole_bytes(handle)
                if whole != os.fstat(handle).st_size:
                    os.ftruncate(handle, whole)  # a crash cut that line off: it never was a head
                os.write(handle, line + b"\n")
                os.fsync(handle)
            finally:
                os.close(handle)
            if is_new:
                sync_directory(self.path.parent)
        except OSError as error:
            raise disk_error(self.path, error) from error

    def last(self) -> SignedHead | None:
        """The head that was added last; None if there is no readable one. Raises StoreError."""
        size = self.size()
        found = None
        for line in self.lines(size, start=max(0, size - 2 * _MAX_LINE)):
            found = line.head
        return found

    def last_before(self, utc_ns: int) -> SignedHead | None:
        """The newest head from before a time, as its line says; None: none. Raises StoreError.

        Found by halving, for the file grows for years. Lines are in the order of time but for a
        clock that was set; then it may be an earlier one.
        """
        low, high = 0, self.size()
        while high - low > _SCANNED:
            middle = (low + high) // 2
            # The first one may be cut.
            some = islice(self.lines(high, start=middle), 1, None)
            found = next((line.head for line in some if line.head is not None), None)
            if found is not None and found.at_utc_ns < utc_ns:
                low = middle
            else:
                high = middle
        last = None
        for line in self.lines(self.size(), start=low):
            if line.head is not None:
                if line.head.at_utc_ns >= utc_ns:
                    break
                last = line.head
        return last

    def size(self) -> int:
        """In bytes; 0 if there is no file."""
        return self.path.stat().st_size if self.path.exists() else 0

    def lines(self, size: int, *, start: int = 0) -> Iterator[HeadLine]:
        """Its first `size` bytes, line by line; from `start` on, where a line may be cut.

        An end without a line break is left out: it is being written, or a crash cut it off. Raises
        StoreError.
        """
        if size == 0:
            return
        try:
            with os.fdopen(open_plain_file(self.path), "rb") as file:
                file.seek(start)
                number = 0
                while size > file.tell() and (text := file.readline(_MAX_LINE)):
                    number += 1
                    if not text.endswith(b"\n") and len(text) < _MAX_LINE:
                        return
                    yield HeadLine(number=number, head=_head(text))
        except StoreError:
            raise
        except OSError as error:
            raise StoreError(f"{self.path} can't be read ({error.strerror}).") from error


def _text(kind: HeadKind, at_utc_ns: int, tip: Tip) -> bytes:
    return f"{kind} {iso(at_utc_ns)} {tip.number} {tip.hash.hex()}".encode()


def _head(line: bytes) -> SignedHead | None:
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    at, number, entry, signature = (each.decode() for each in found.groups())
    try:
        seconds = round(datetime.fromisoformat(at).timestamp())
    except ValueError:
        return None
    return SignedHead(
        at_utc_ns=seconds * SECOND_NS, number=int(number), hash=bytes.fromhex(entry),
        signature=bytes.fromhex(signature),
    )  # fmt: skip


def _whole_bytes(handle: int) -> int:
    """How much of the file is whole lines."""
    size = os.fstat(handle).st_size
    start = max(0, size - _MAX_LINE)
    return start + os.pread(handle, _MAX_LINE, start).rfind(b"\n") + 1
