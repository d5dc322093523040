"""Checks the certificate that a node or a server shows to the broker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from contract.finding import Finding
from contract.mqtt.certificates import fault_of_certificate, valid_until
from contract.settings import BrokerSettings

__all__ = ["SOON_DAYS", "own_certificate_findings"]

SOON_DAYS: Final = 30
"""A certificate that expires within so many days has to be renewed now."""

_OTHERS: Final = 0o077


def own_certificate_findings(
    broker: BrokerSettings, *, owner: str, if_expired: str
) -> Iterator[Finding]:
    """Checks that the files exist and fit together and the authority, when they expire, and who may
    read the key. Yields nothing without TLS.

    `owner` is who owns it, such as "this node"; `if_expired` is a clause that says what an expired
    certificate leads to.
    """
    authority, certificate, key = broker.ca_file, broker.certificate_file, broker.key_file
    if authority is None:
        return
    if certificate is None:
        yield Finding(
            about="own certificate", state="note", said="the settings name none",
            advice="set certificate_file and key_file under [broker], unless the broker accepts "
            f"{owner} without a certificate",
        )  # fmt: skip
        return
    make = f"make a certificate for {owner} as docs/mosquitto.md says"
    for path in (authority, certificate, key):
        if path is not None and (fault := _unreadable(path)) is not None:
            yield _wrong(f"{path} can't be read ({fault})", make)
            return
    secret = key or certificate
    mode = secret.stat().st_mode & 0o777
    if mode & _OTHERS:
        yield _wrong(
            f"{secret} can be read by others (mode {mode:o})",
            f"chmod 600 {secret}, and chown it to the user that Roomtone runs as; whoever has "
            f"read it can speak as {owner}",
        )
    try:
        # A binary certificate is of no use here, and gets the sentence for that.
        pem = certificate.read_text(encoding="ascii", errors="replace")
        days = (valid_until(pem) - time.time()) / 86_400
    except ValueError as error:
        yield _wrong(f"{certificate} is no certificate ({error})", make)
        return
    if days <= SOON_DAYS:
        said = f"is valid for {days:.0f} more days" if days > 0 else "has run out"
        yield _wrong(f"{certificate} {said}", f"renew it (and check the clock): {if_expired}")
    fault = _fault(certificate, key, authority)
    if fault is not None and days > 0:
        yield _wrong(
            f"{certificate} would be refused by a broker that trusts {authority}: {fault}",
            f"see that certificate_file, key_file and ca_file belong together; {make}",
        )
    if fault is None and days > SOON_DAYS and not mode & _OTHERS:
        yield Finding(
            about="own certificate", state="fine",
            said=f"{certificate} fits key and authority, and is valid for {days:.0f} more days",
        )  # fmt: skip


def _fault(certificate: Path, key: Path | None, authority: Path) -> str | None:
    try:
        return fault_of_certificate(certificate, key, authority)
    except OSError as error:
        return str(error)


def _unreadable(path: Path) -> str | None:
    try:
        path.open("rb").close()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _wrong(said: str, advice: str) -> Finding:
    return Finding(about="own certificate", state="wrong", said=said, advice=advice)
