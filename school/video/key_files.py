"""The files of `video.key_directory`: the key file, and the wrapped key of each video.

A wrapped key is encrypted by the key of the key file, with AES-GCM and the video's id as associated
data. Both are small JSON files, private to their owner.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract.errors import StoreError, UnfitFileError
from contract.files.plain_file import read_plain_file
from contract.files.sqlite_file import sync_directory

__all__ = ["KeyFile", "WrappedKey", "WrittenFile", "forget_file", "write_private"]

_MAX_BYTES: Final = 4_096
_AS_BASE64: Final = r"^[A-Za-z0-9+/]+=*$"


class WrittenFile(BaseModel):
    """A small JSON file of the key directory, with a version."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: int = Field(1, ge=1, le=1)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """What a file holds; None if there is none. Raises StoreError."""
        try:
            return cls.model_validate_json(read_plain_file(path, max_bytes=_MAX_BYTES))
        except FileNotFoundError:
            return None
        except UnfitFileError:
            raise
        except OSError as error:
            raise StoreError(
                f"{path} can't be read ({error.strerror}): check its rights."
            ) from error
        except ValidationError as error:
            raise StoreError(
                f"{path} is damaged, or of a later version: copy it back from the copy of the keys."
            ) from error

    def write(self, path: Path) -> None:
        """Write it durably, or leave what was there; raises StoreError."""
        write_private(path, self.model_dump_json().encode() + b"\n")


class KeyFile(WrittenFile):
    """The key that wraps all others."""

    id: str = Field(pattern=r"^[0-9a-f]{16}$")
    key: str = Field(pattern=_AS_BASE64)
    made_utc_ns: int = Field(ge=0)

    @classmethod
    def new(cls, utc_ns: int) -> Self:
        key = AESGCM.generate_key(256)
        return cls(id=os.urandom(8).hex(), key=base64.b64encode(key).decode(), made_utc_ns=utc_ns)

    def wrap(self, video: str, key: bytes) -> WrappedKey:
        """A video's key, encrypted."""
        nonce = os.urandom(12)
        wrapped = nonce + self._cipher().encrypt(nonce, key, self._about(video))
        return WrappedKey(video=video, under=self.id, wrapped=base64.b64encode(wrapped).decode())

    def unwrap(self, kept: WrappedKey) -> bytes:
        """A video's key; raises StoreError if it was changed, or is another video's."""
        wrapped = base64.b64decode(kept.wrapped)
        try:
            return self._cipher().decrypt(wrapped[:12], wrapped[12:], self._about(kept.video))
        except (InvalidTag, ValueError) as error:
            raise StoreError(
                f"The key of the video {kept.video} is damaged: copy it back from the copy of the keys."
            ) from error

    def _cipher(self) -> AESGCM:
        return AESGCM(base64.b64decode(self.key))

    def _about(self, video: str) -> bytes:
        return f"roomtone video key {self.version} {self.id} {video}".encode()


class WrappedKey(WrittenFile):
    """A video's own key, as it is kept."""

    video: str = Field(pattern=r"^[0-9a-f]{32}$")
    under: str = Field(pattern=r"^[0-9a-f]{16}$")
    """The id of the key file that wrapped it."""
    wrapped: str = Field(pattern=_AS_BASE64)


@dataclass(frozen=True, slots=True)
class _Opener:
    def __call__(self, path: str, flags: int) -> int:
        return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def write_private(path: Path, content: bytes) -> None:
    """Write a file for its owner alone, durably and as a whole; raises StoreError."""
    new = path.with_name(f"{path.name}.new")
    try:
        new.unlink(missing_ok=True)
        with open(new, "wb", opener=_Opener()) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        raise StoreError(f"{path} can't be written ({error.strerror}).") from error


def forget_file(path: Path) -> bool:
    """Overwrite and remove a file; whether there was one. Raises StoreError."""
    try:
        with open(path, "r+b", opener=_Opener()) as file:
            file.write(bytes(os.fstat(file.fileno()).st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        sync_directory(path.parent)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"{path} can't be removed ({error.strerror}).") from error
    return True
