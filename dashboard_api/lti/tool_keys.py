"""Our own keys, with which links for learning platforms are signed: a file for its owner alone.

The private half of the newest is kept. Of those before it the public half stays for a while, so that
a platform can still check what was signed a moment ago.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract.clock import SECOND_NS
from contract.errors import StoreError, UnfitFileError
from contract.files.plain_file import read_plain_file
from school.people.tokens import new_id
from school.video.key_files import write_private

__all__ = ["FILE", "OLD_NS", "PublicHalves", "PublishedKeys", "ToolKeys"]

FILE: Final = "lti-keys.json"
OLD_NS: Final = 7 * 86_400 * SECOND_NS
"""The public half of a key stays for this long after the next one was made."""
_BITS: Final = 2_048
_MAX_BYTES: Final = 65_536
_MAX_OLD: Final = 10


class _OldKey(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    public: dict[str, str | list[str]]
    ended_utc_ns: int = Field(ge=0)


class _KeyFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: int = Field(1, ge=1, le=1)
    private: dict[str, str | list[str]]
    made_utc_ns: int = Field(ge=0)
    old: list[_OldKey] = Field(default=[], max_length=_MAX_OLD)


@dataclass(frozen=True, slots=True)
class PublicHalves:
    """The public half of the newest key, and those before it."""

    newest: dict[str, Any] | None = None
    old: tuple[_OldKey, ...] = ()

    def at(self, utc_ns: int) -> dict[str, Any]:
        """The JSON web key set at a time."""
        if self.newest is None:
            return {"keys": []}
        return {
            "keys": [self.newest, *(one.public for one in self.old if not _is_over(one, utc_ns))]
        }


class PublishedKeys:
    """What platforms may know, for the pages: the private key is read once for each new file alone."""

    def __init__(self, directory: Path | None) -> None:
        self._keys = None if directory is None else ToolKeys(directory)
        self._seen: tuple[int, int, int] | None = None
        self._halves = PublicHalves()

    def at(self, utc_ns: int) -> dict[str, Any]:
        """The JSON web key set at a time; empty without a key. Raises StoreError."""
        if self._keys is None:
            return {"keys": []}
        try:
            now = self._keys.path.stat()
        except FileNotFoundError:
            return {"keys": []}
        except OSError as error:
            raise StoreError(f"{self._keys.path} can't be read ({error.strerror}).") from error
        seen = now.st_ino, now.st_size, now.st_mtime_ns
        if seen != self._seen:
            self._halves = self._keys.public_halves()
            self._seen = seen
        return self._halves.at(utc_ns)


class ToolKeys:
    """The keys of one data directory; the command writes them, and the pages read them."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE

    def rotate(self, utc_ns: int) -> str:
        """Make a new key, and return its id; raises StoreError."""
        key = RSAKey.generate_key(
            _BITS, {"kid": new_id(), "use": "sig", "alg": "RS256"}, private=True
        )
        with self._alone():
            before, old = self._read(), []
            if before is not None:
                ended = _OldKey(public=_public(before), ended_utc_ns=utc_ns)
                old = [each for each in [ended, *before.old] if not _is_over(each, utc_ns)]
            kept = _KeyFile(
                private=key.as_dict(private=True), made_utc_ns=utc_ns, old=old[:_MAX_OLD]
            )
            write_private(self.path, kept.model_dump_json().encode() + b"\n")
        return str(key.kid)

    def ensure(self, utc_ns: int) -> str | None:
        """Make the first key; its id, or None if there was one. Raises StoreError."""
        return None if self._read() is not None else self.rotate(utc_ns)

    def public_halves(self) -> PublicHalves:
        """What platforms may know; nothing without a key. Raises StoreError."""
        kept = self._read()
        return PublicHalves() if kept is None else PublicHalves(_public(kept), tuple(kept.old))

    def public(self, utc_ns: int) -> dict[str, Any]:
        """The JSON web key set for platforms; empty without a key. Raises StoreError."""
        return self.public_halves().at(utc_ns)

    def sign(self, claims: dict[str, Any]) -> str | None:
        """A signed token; None without a key. Raises StoreError."""
        kept = self._read()
        if kept is None:
            return None
        key = RSAKey.import_key(kept.private)
        return jwt.encode({"alg": "RS256", "kid": str(key.kid), "typ": "JWT"}, claims, key)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Another rotation waits: each keeps the public half of the one before."""
        try:
            handle = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise StoreError(
                f"{self.path.parent} can't be opened ({error.strerror}): check its rights."
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _read(self) -> _KeyFile | None:
        try:
            found = _KeyFile.model_validate_json(read_plain_file(self.path, max_bytes=_MAX_BYTES))
            RSAKey.import_key(found.private)
        except FileNotFoundError:
            return None
        except UnfitFileError:
            raise
        except OSError as error:
            raise StoreError(f"{self.path} can't be read ({error.strerror}).") from error
        except (ValidationError, JoseError, ValueError, KeyError, TypeError):
            # Not chained: the error may quote the key.
            raise StoreError(
                f"{self.path} is damaged: remove it, and make a new key with `roomtone lti rotate`."
            ) from None
        return found


def _public(kept: _KeyFile) -> dict[str, Any]:
    return dict(RSAKey.import_key(kept.private).as_dict(private=False))


def _is_over(old: _OldKey, utc_ns: int) -> bool:
    return utc_ns - old.ended_utc_ns >= OLD_NS
