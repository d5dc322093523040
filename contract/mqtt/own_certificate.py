"""Checks the certificate that a node or a server shows to the broker."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from contract.finding import Finding
from contract.settings import BrokerSettings

__all__ = ["SOON_DAYS", "fault_of_certificate", "own_certificate_findings", "valid_until"]

SOON_DAYS: Final = 30
"""A certificate that expires within so many days has to be renewed now."""

_OTHERS: Final = 0o077
_TIME: Final = rb"(?:\x17\x0d(\d{12})Z|\x18\x0f(\d{14})Z)"
_VALIDITY: Final = re.compile(rb"\x30." + _TIME + _TIME, re.DOTALL)
_ROUNDS: Final = 20


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
    make = f"make a certificate for {owner} as docs/enrolment.md says"
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
        yield _wrong(
            f"{certificate} {said}",
            f"renew it (and check the clock): {if_expired}",
        )
    try:
        fault = fault_of_certificate(certificate, key, authority)
    except OSError as error:
        fault = str(error)
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


def _unreadable(path: Path) -> str | None:
    try:
        path.open("rb").close()
    except OSError as error:
        return error.strerror or str(error)
    return None


def _wrong(said: str, advice: str) -> Finding:
    return Finding(about="own certificate", state="wrong", said=said, advice=advice)


def valid_until(pem: str) -> float:
    """UTC seconds at which a certificate expires; raises ValueError if `pem` is not a certificate.

    The standard library reads this only from a peer's certificate, so this looks for the two times
    of the DER field Validity (RFC 5280, 4.1.2.5).
    """
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    start, stop = pem.find(begin), pem.find(end)
    if start < 0 or stop < start:
        raise ValueError("no PEM certificate")
    found = _VALIDITY.search(ssl.PEM_cert_to_DER_cert(pem[start : stop + len(end)]))
    if found is None:
        raise ValueError("no dates in the certificate")
    short, long = found.group(3), found.group(4)
    # Two digits of the year: in RFC 5280 50 to 99 mean the last century.
    text = long or (b"19" if short >= b"50" else b"20") + short
    return datetime.strptime(text.decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()


def fault_of_certificate(certificate: Path, key: Path | None, authority: Path) -> str | None:
    """Why a broker that trusts this authority would refuse the certificate; None if it would not.

    A TLS handshake in memory checks key, dates, purpose and chain as a real broker does. Raises
    OSError if a file can't be read.
    """
    try:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_verify_locations(authority)
    except ssl.SSLError as error:
        return f"{authority} is no certificate of an authority ({_short(error)})"
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE  # here only the server checks the client
    try:
        for context in (server, client):
            # Without this, a key with a password would ask for it on the terminal.
            context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        return f"certificate and key don't belong together, or are none ({_short(error)})"
    server.verify_mode = ssl.CERT_REQUIRED
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(down, up, server_side=False),
        server.wrap_bio(up, down, server_side=True),
    )
    try:
        _shake_hands(*ends)
    except ssl.SSLError as error:
        return _short(error)
    return None


def _shake_hands(client: ssl.SSLObject, server: ssl.SSLObject) -> None:
    waiting = [client, server]
    for _ in range(_ROUNDS):
        for end in list(waiting):
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                continue
        if not waiting:
            return


def _short(error: ssl.SSLError) -> str:
    """What OpenSSL says, without its error codes and source lines."""
    verdict = getattr(error, "verify_message", None)
    return str(verdict or error.reason or error).replace("_", " ").lower()
