"""Writes what Mosquitto reads: its configuration, the authority's lists, certificates that renew.

    DIR/conf.d/roomtone.conf
    DIR/roomtone/  ca.crt  broker.crt  broker.key  revoked.crl  access.acl  and, of your own, local.acl

The server's programs get ca.crt, server.crt and server.key in a directory of their own. Each key is
made here, by the user who runs this, and its public half alone goes to the authority.
"""

from __future__ import annotations

import fcntl
import os
import pwd
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from contract.errors import StoreError, UsageError
from contract.files.sqlite_file import disk_error
from ingest.authority.client import AuthorityClient
from ingest.authority.signing import UNREADABLE
from ingest.commissioning.mosquitto import SERVICE_CONF, BrokerPaths, mosquitto_conf

__all__ = ["BrokerFiles", "Written"]

_RENEW_BEFORE: Final = timedelta(days=275)
"""A third of a server's certificate."""
_CLEARED: Final = "# Roomtone sets this itself: "
_OWN_FOLDER: Final = "roomtone"
_MAX_TEXT: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a run has changed."""

    needs_restart: bool
    """Listeners and limits are read at a start alone."""
    needs_reload: bool
    """Lists and certificates are read again at a reload."""
    sentences: tuple[str, ...]


class BrokerFiles:
    """One broker's files; each method may run as often as one likes.

    `service_conf` is a file for the broker's unit. With `give_keys`, keys go to the users of Mosquitto and of the server's programs, who must be there.
    """

    def __init__(
        self, client: AuthorityClient, *, directory: Path, programs: Path,
        give_keys: bool, service_conf: Path | None = None, kits: str = "8883", server: str = "8884 127.0.0.1",
    ) -> None:  # fmt: skip
        self._client, self._directory, self._programs = client, directory, programs
        self._gives_keys, self._service_conf = give_keys, service_conf
        self._kits, self._server = kits, server
        self._own = directory / _OWN_FOLDER
        self._said: list[str] = []

    def configure(self, hosts: Sequence[str]) -> Written:
        """Write everything; `hosts` are the names that clients connect to."""
        conf = self._directory / "conf.d" / "roomtone.conf"
        text = mosquitto_conf(
            BrokerPaths(
                certificates=str(self._own), access=str(self._own / "access.acl"),
                revoked=str(self._own / "revoked.crl"), conf=str(conf),
            ),
            kits=self._kits, server=self._server,
        )  # fmt: skip
        with self._alone():
            return self._configure(conf, text, hosts)

    def _configure(self, conf: Path, text: str, hosts: Sequence[str]) -> Written:
        changed = self._apply(hosts)
        is_new = self._write(conf, text.encode(), 0o644, None)
        is_new |= self._clear_main_file()
        if self._service_conf is not None:
            is_new |= self._write(self._service_conf, SERVICE_CONF.encode(), 0o644, None)
        return Written(needs_restart=is_new, needs_reload=changed, sentences=tuple(self._said))

    def apply(self) -> Written:
        """Write what the authority has new, and renew certificates; raises UsageError, StoreError."""
        if not (self._own / "broker.crt").exists():
            raise UsageError(
                f"{self._own} has no certificate of the broker: run `sudo roomtone broker config` once."
            )
        with self._alone():
            changed = self._apply(())
        return Written(needs_restart=False, needs_reload=changed, sentences=tuple(self._said))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One run at a time: systemd may start one while somebody types another."""
        self._make(self._own)
        try:
            handle = os.open(self._own, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise UsageError(f"This user can't read {self._own}: use sudo.") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            self._said = []
            yield
        finally:
            os.close(handle)

    def _make(self, folder: Path) -> None:
        """A directory that Mosquitto's user can read, whatever root's umask is."""
        if folder.exists():
            return
        try:
            folder.mkdir(parents=True)
            folder.chmod(0o755)
        except PermissionError as error:
            raise UsageError(f"This user can't write {folder}: use sudo.") from error
        except OSError as error:
            raise disk_error(folder, error) from error

    def _apply(self, hosts: Sequence[str]) -> bool:
        lists = self._client.lists()
        access = lists.access + self._local_access()
        changed = self._certify("broker", self._own, hosts, "mosquitto", lists.authority)
        self._certify("server", self._programs, (), "roomtone", lists.authority)
        for name, text, owner in (
            ("ca.crt", lists.authority, None),
            ("revoked.crl", lists.revoked, None),
            ("access.acl", access, "mosquitto"),
        ):
            mode = 0o600 if owner else 0o644
            changed |= self._write(self._own / name, text.encode(), mode, owner)
        self._write(self._programs / "ca.crt", lists.authority.encode(), 0o644, None)
        return changed

    def _certify(
        self, name: str, folder: Path, hosts: Sequence[str], owner: str, authority: str
    ) -> bool:
        """A certificate with a new key, if there is none that is good for long enough."""
        path = folder / f"{name}.crt"
        found = _certificate(path)
        old_hosts = _hosts_of(found)
        wanted = tuple(dict.fromkeys(hosts)) or old_hosts
        if (
            found is not None
            and set(wanted) == set(old_hosts)
            and (folder / f"{name}.key").exists()
            and found.not_valid_after_utc - datetime.now(UTC) > _RENEW_BEFORE
            and _is_of(found, authority)
        ):
            return False
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        pem, _ = self._client.certify(name, public, list(wanted))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )  # fmt: skip
        self._write(folder / f"{name}.key", private, 0o600, owner)
        self._write(path, pem.encode(), 0o644, None)
        shown = f" for {', '.join(wanted)}" if wanted else ""
        self._said.append(f"{path}: a new certificate{shown}")
        return True

    def _local_access(self) -> str:
        """Lines of the school's own, such as for Telegraf."""
        path = self._own / "local.acl"
        try:
            text = path.read_text(encoding="utf-8")[:_MAX_TEXT]
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            raise UsageError(f"{path} can't be read ({error}); correct or remove it.") from error
        return f"\n# From {path.name}\n{text.rstrip()}\n"

    def _clear_main_file(self) -> bool:
        """Debian's own file also sets `persistence`, and Mosquitto refuses to start with two."""
        path = self._directory / "mosquitto.conf"
        if not path.exists():
            return False
        lines = path.read_text(encoding="utf-8").splitlines()
        cleared = [
            _CLEARED + line if line.split(" ")[0] == "persistence" else line for line in lines
        ]
        if cleared == lines:
            return False
        return self._write(path, ("\n".join(cleared) + "\n").encode(), 0o644, None)

    def _write(self, path: Path, data: bytes, mode: int, owner: str | None) -> bool:
        """Write a file in one step, unless it is like this already; whether it changed."""
        try:
            if path.exists() and path.read_bytes() == data:
                return False
            self._make(path.parent)
            draft = path.with_name(path.name + ".new")
            draft.unlink(missing_ok=True)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, mode)
                if owner is not None and self._gives_keys:
                    _give(handle, owner)
                file.write(data)
                file.flush()
                os.fsync(handle)
            draft.replace(path)
        except (StoreError, UsageError):
            raise
        except PermissionError as error:
            raise UsageError(f"This user can't write {path}: use sudo.") from error
        except OSError as error:
            raise disk_error(path, error) from error
        return True


def _give(handle: int, owner: str) -> None:
    try:
        user = pwd.getpwnam(owner)
    except KeyError as error:
        raise StoreError(
            f"There is no user {owner} here, who has to read a key: install "
            f"{'Mosquitto' if owner == 'mosquitto' else 'the server'} first."
        ) from error
    os.fchown(handle, user.pw_uid, user.pw_gid)


def _certificate(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except FileNotFoundError:
        return None
    except UNREADABLE:
        return None  # it is replaced


def _hosts_of(certificate: x509.Certificate | None) -> tuple[str, ...]:
    if certificate is None:
        return ()
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return (
        *names.get_values_for_type(x509.DNSName),
        *map(str, names.get_values_for_type(x509.IPAddress)),
    )


def _is_of(certificate: x509.Certificate, authority: str) -> bool:
    issuer = x509.load_pem_x509_certificate(authority.encode())
    try:
        certificate.verify_directly_issued_by(issuer)
    except (*UNREADABLE, InvalidSignature):
        return False
    return True
