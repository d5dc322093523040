"""The port where kits enrol, among strangers."""

from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from contract.enrolment.frames import HEAD_BYTES, unpack
from contract.errors import LinkError
from ingest.authority.authority import Authority
from ingest.authority.door import open_door

from .conftest import Served


async def opened(authority: Authority, *, patience_s: float, sent: bytes) -> bytes:
    """What a stranger hears who sends this and then waits, until the port hangs up."""
    stop, ports = asyncio.Event(), asyncio.Queue[int]()
    door = asyncio.create_task(
        open_door(authority.settings, stop, ports.put_nowait, patience_s=patience_s)
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", await ports.get())
    writer.write(sent)
    heard = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    stop.set()
    await door
    return heard


@pytest.mark.parametrize("sent", (b"", b"\0\0", b"\0\0\0\x20half of it"))
def test_who_says_nothing_or_half_is_hung_up_on(authority: Authority, sent: bytes) -> None:
    assert asyncio.run(opened(authority, patience_s=0.05, sent=sent)) == b""


@pytest.mark.parametrize("sent", (b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 8, b"\0\0\0\0more"))
def test_what_is_no_frame_is_hung_up_on_at_once(authority: Authority, sent: bytes) -> None:
    assert asyncio.run(opened(authority, patience_s=600, sent=sent)) == b""


def test_a_frame_that_is_no_message_is_refused_in_words(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), 60) as link:
        link.sendall(b"\0\0\0\x01\xa0")  # an empty map
        link.shutdown(socket.SHUT_WR)
        heard = b"".join(iter(lambda: link.recv(4096), b""))
    assert unpack(heard[HEAD_BYTES:])["reason"] == "not usable"


def test_a_port_that_is_taken_has_its_sentence(authority: Authority) -> None:
    with (
        socket.create_server(("127.0.0.1", authority.settings.port)),
        pytest.raises(LinkError, match="can't be opened for kits") as raised,
    ):
        asyncio.run(open_door(authority.settings, asyncio.Event(), lambda _: None))
    assert isinstance(raised.value.__cause__, OSError)
    assert raised.value.__cause__.errno == errno.EADDRINUSE
