"""Looks at a client's own certificate before a broker does: when it ends, and whether it fits."""

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
    """UTC seconds at which a certificate ends; raises ValueError for what is none.

    The standard library reads this of a peer's certificate alone, so here the two times of the
    DER field Validity (RFC 5280, 4.1.2.5) are looked for.
    """
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    start, stop = pem.find(begin), pem.find(end)
    if start < 0 or stop < start:
        raise ValueError("no PEM certificate")
    found = _VALIDITY.search(ssl.PEM_cert_to_DER_cert(pem[start : stop + len(end)]))
    if found is None:
        raise ValueError("no dates in the certificate")
    short, long = found.group(3), found.group(4)
    # Two digits of the year: RFC 5280 has 50 to 99 mean the last century.
    text = long or (b"19" if short >= b"50" else b"20") + short
    return datetime.strptime(text.decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()


def fault_of_certificate(certificate: Path, key: Path | None, authority: Path) -> str | None:
    """Why a broker that trusts this authority would refuse a client's certificate; None: it fits.

    The two greet each other in memory, so key, dates, purpose and chain are all looked at as they
    are by a real broker. Raises OSError where a file can't be read.
    """
    for path in (certificate, key or certificate, authority):
        path.read_bytes()
    try:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_verify_locations(authority)
    except ssl.SSLError as error:
        return f"{authority} is no certificate of an authority ({_short(error)})"
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE  # only the other way round is of interest here
    try:
        for context in (server, client):
            # A key under a password would be asked for on the terminal, where nobody sits.
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
        _greet(*ends)
    except ssl.SSLError as error:
        return _short(error)
    return None


def _greet(client: ssl.SSLObject, server: ssl.SSLObject) -> None:
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
    """What OpenSSL says, without its numbers and places."""
    verdict = getattr(error, "verify_message", None)
    return str(verdict or error.reason or error).replace("_", " ").lower()
