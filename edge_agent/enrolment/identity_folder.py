"""The files that a kit's enrolment leaves: key, certificates, and where to renew them.

    DIR/edge.toml
    DIR/identity -> identity-SERIAL/       node.key  node.crt  ca.crt  renewal.json

A new identity is written as a whole beside the old one, and `identity` is then pointed at it in one
step. So key and certificate always belong together, whenever the power goes.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from contract.errors import StoreError, UsageError
from edge_agent.enrolment.own_key import OwnKey

__all__ = [
    "DEFAULT_DIR",
    "Identity",
    "Renewing",
    "read_identity",
    "write_identity",
    "write_settings",
]

DEFAULT_DIR: Final = Path("/etc/roomtone")
_LINK: Final = "identity"
_MAX_BYTES: Final = 1 << 16

Own = Callable[[Path], None]
"""Gives a file to the user who runs the agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewing:
    """Where the certificate is renewed, and when."""

    host: str
    port: int
    renew_after: int
    """UTC in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a kit has."""

    key: OwnKey
    certificate: x509.Certificate
    authority: x509.Certificate
    renewing: Renewing

    @property
    def node(self) -> str:
        return str(self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def read_identity(directory: Path) -> Identity:
    """What is there; raises UsageError with what to do."""
    folder = directory / _LINK
    try:
        fields = json.loads(_read(folder / "renewal.json"))
        return Identity(
            key=OwnKey.load(_read(folder / "node.key")),
            certificate=x509.load_pem_x509_certificate(_read(folder / "node.crt")),
            authority=x509.load_pem_x509_certificate(_read(folder / "ca.crt")),
            renewing=Renewing(
                host=str(fields["host"]), port=int(fields["port"]),
                renew_after=int(fields["renew_after"]),
            ),
        )  # fmt: skip
    except FileNotFoundError as error:
        raise UsageError(
            f"This kit is not enrolled yet ({error.filename} is missing): run `sudo roomtone enrol "
            "--server … --code …` with a code from the page of its room."
        ) from error
    except PermissionError as error:
        raise UsageError(
            f"{error.filename} is for root and for the agent's user alone: use sudo."
        ) from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(
            f"The kit's identity in {folder} can't be read ({error}): enrol it again with a new code."
        ) from error


def write_identity(directory: Path, identity: Identity, own: Own) -> None:
    """Put an identity in the place of the one before; raises StoreError."""
    serial = f"{identity.certificate.serial_number:x}"[-16:]
    folder, link = directory / f"{_LINK}-{serial}", directory / _LINK
    try:
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        own(directory)  # a renewal is written by the agent's user
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        for name, data in (
            ("node.key", identity.key.pem),
            ("node.crt", identity.certificate.public_bytes(Encoding.PEM)),
            ("ca.crt", identity.authority.public_bytes(Encoding.PEM)),
            ("renewal.json", json.dumps(asdict(identity.renewing)).encode()),
        ):
            _write(folder / name, data, 0o600, own)
        own(folder)
        _sync(folder)
        draft = directory / f"{_LINK}.new"
        draft.unlink(missing_ok=True)
        draft.symlink_to(folder.name)
        draft.replace(link)
        _sync(directory)
        for old in directory.glob(f"{_LINK}-*"):
            if old != folder:
                shutil.rmtree(old)
    except OSError as error:
        raise StoreError(
            f"The kit's identity can't be written in {directory} ({error.strerror}): use sudo, and "
            "check the card. If the code was used, make a new one."
        ) from error


def write_settings(path: Path, text: str, own: Own) -> bool:
    """Write edge.toml, and keep another text that was there as edge.toml.old; raises StoreError."""
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else None
        if before == text:
            return False
        if before is not None:
            shutil.copy2(path, path.with_name(path.name + ".old"))
        draft = path.with_name(path.name + ".new")
        draft.unlink(missing_ok=True)
        _write(draft, text.encode(), 0o644, own)
        draft.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise StoreError(
            f"{path} can't be written ({error.strerror}): use sudo, and check the card."
        ) from error
    return before is not None


def _write(path: Path, data: bytes, mode: int, own: Own) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)
        file.write(data)
        file.flush()
        os.fsync(handle)
    own(path)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MAX_BYTES)


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
