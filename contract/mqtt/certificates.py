"""Checks a client's own certificate before a broker does: when it expires, and whether it fits."""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

__all__ = ["fault_of_certificate", "valid_until"]

_TIME: Final = rb"(?:\x17\x0d(\d{12})Z|\x18\x0f(\d{14})Z)"
_VALIDITY: Final = re.compile(rb"\x30." + _TIME + _TIME, re.DOTALL)
_ROUNDS: Final = 20


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
