"""The connection on which a kit talks to the server's enrolment port."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from contract.enrolment.codes import DEFAULT_PORT
from contract.enrolment.frames import HEAD_BYTES, length_of
from contract.errors import DecodeError, LinkError, UsageError
from edge_agent.enrolment.dialogue import Exchange

__all__ = ["connected", "server_of"]

_TIMEOUT_S: Final = 20.0
_WITH_PORT: Final = re.compile(r"(?P<host>[^:]+|\[[^]]+\])(:(?P<port>\d{1,5}))?")


def server_of(text: str) -> tuple[str, int]:
    """Host and port of `--server`; raises UsageError."""
    try:
        return str(ipaddress.IPv6Address(text)), DEFAULT_PORT
    except ValueError:
        found = _WITH_PORT.fullmatch(text.strip())
    port = int(found["port"] or DEFAULT_PORT) if found else 0
    if found is None or not 0 < port <= 65_535:
        raise UsageError(
            f"--server is {text!r}; name the server as its page is called, such as "
            "roomtone.school.example, with :PORT only if it is not 8885."
        )
    return found["host"].strip("[]"), port


@contextmanager
def connected(host: str, port: int, *, timeout_s: float = _TIMEOUT_S) -> Iterator[Exchange]:
    """A connection; raises LinkError, also from the exchange."""
    where = f"{host}:{port}"
    try:
        link = socket.create_connection((host, port), timeout=timeout_s)
    except OSError as error:
        raise LinkError(
            f"The server {where} can't be reached ({error.strerror or error}): check --server and the "
            "network, and that roomtone-enrolment.service runs there with this port open."
        ) from error

    def exchange(frame: bytes) -> bytes:
        try:
            link.sendall(frame)
            return _read(link, length_of(_read(link, HEAD_BYTES)))
        except (OSError, DecodeError) as error:
            raise LinkError(
                f"The server {where} ended the conversation ({error}): try again; if "
                "the code is refused then, make a new one."
            ) from error

    with link:
        yield exchange


def _read(link: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        part = link.recv(count - len(found))
        if not part:
            raise ConnectionError("it closed the connection")
        found += part
    return found
