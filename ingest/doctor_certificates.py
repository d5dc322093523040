"""Looks over the certificate with which the server's programs introduce themselves to the broker."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from contract.certificates import fault_of_certificate, valid_until
from contract.settings import BrokerSettings
from ingest.doctor import Finding

__all__ = ["certificate_findings"]

_SOON_DAYS: Final = 30
_OTHERS: Final = 0o077
_MAKE: Final = "make a certificate for this server as docs/mosquitto.md says"


def certificate_findings(broker: BrokerSettings) -> Iterator[Finding]:
    """Whether the files are there, fit together and to the authority, how long they are good, and
    who may read the key. Nothing without TLS.
    """
    authority, certificate, key = broker.ca_file, broker.certificate_file, broker.key_file
    if authority is None:
        return
    if certificate is None:
        yield Finding(
            about="own certificate", state="note", said="the settings name none",
            advice="set certificate_file and key_file under [broker], unless the broker lets "
            "programs in without",
        )  # fmt: skip
        return
    for path in (authority, certificate, key):
        if path is not None and (fault := _unreadable(path)) is not None:
            yield _wrong(f"{path} can't be read ({fault})", _MAKE)
            return
    secret = key or certificate
    mode = secret.stat().st_mode & 0o777
    if mode & _OTHERS:
        yield _wrong(
            f"{secret} can be read by others (mode {mode:o})",
            f"chmod 600 {secret}, and chown it to the user of the programs; whoever has read it "
            "can speak as this server",
        )
    try:
        days = (valid_until(certificate.read_text(encoding="ascii")) - time.time()) / 86_400
    except ValueError as error:
        yield _wrong(f"{certificate} is no certificate ({error})", _MAKE)
        return
    if days <= _SOON_DAYS:
        said = f"is valid for {days:.0f} more days" if days > 0 else "has run out"
        yield _wrong(
            f"{certificate} {said}",
            "renew it (and check the clock): without it ingest can't connect, and nodes hold "
            "their data",
        )
    fault = _fault(certificate, key, authority)
    if fault is not None and days > 0:
        yield _wrong(
            f"{certificate} would be refused by a broker that trusts {authority}: {fault}",
            "see that certificate_file, key_file and ca_file belong together; " + _MAKE,
        )
    if fault is None and days > _SOON_DAYS and not mode & _OTHERS:
        yield Finding(
            about="own certificate", state="fine",
            said=f"{certificate} fits key and authority, and is valid for {days:.0f} more days",
        )  # fmt: skip


def _fault(certificate: Path, key: Path | None, authority: Path) -> str | None:
    try:
        return fault_of_certificate(certificate, key, authority)
    except (OSError, ssl.SSLError) as error:
        return str(error)


def _unreadable(path: Path) -> str | None:
    try:
        path.open("rb").close()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _wrong(said: str, advice: str) -> Finding:
    return Finding(about="own certificate", state="wrong", said=said, advice=advice)
