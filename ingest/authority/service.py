"""The authority's two Unix sockets: one for the server's own programs, one for kits.

`roomtone authority` runs this. It opens no network connection and listens on no port; what kits
send comes through `roomtone enrolment` (`door.py`).
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from contract.enrolment.frames import HEAD_BYTES, length_of
from contract.errors import DecodeError, StoreError
from ingest.authority.answering import answer
from ingest.authority.authority import Authority
from ingest.authority.conversation import KitConversation

__all__ = ["read_body", "serve"]

log = logging.getLogger(__name__)

_PATIENCE_S: Final = 20.0
"""How long a message may take to come."""
PUBLISHED: Final = "published"
"""A file beside the sockets with the number of the newest lists: systemd watches it for the broker."""

_AGAIN_S: Final = 5.0

_Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def read_body(reader: asyncio.StreamReader) -> bytes | None:
    """The body of the next frame; None at the end. Raises PayloadError, TimeoutError."""
    async with asyncio.timeout(_PATIENCE_S):
        try:
            head = await reader.readexactly(HEAD_BYTES)
            return await reader.readexactly(length_of(head))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None


async def serve(authority: Authority, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Answer until `stop` is set; calls `ready` when both sockets are there. Raises StoreError."""
    settings = authority.settings
    note = settings.socket_dir / PUBLISHED

    async def admin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        may_certify = _peer(writer) in {0, os.geteuid()}
        while (body := await read_body(reader)) is not None:
            writer.write(answer(authority, body, may_certify=may_certify))
            is_urgent = bool(authority.pending())
            _note(note, authority.lists.number, again_s=_AGAIN_S if is_urgent else None)
            await writer.drain()

    async def kits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = KitConversation(authority)
        while not conversation.is_over and (body := await read_body(reader)) is not None:
            writer.write(conversation.answer(body))
            _note(note, authority.lists.number)
            await writer.drain()

    try:
        settings.socket_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
        _note(note, authority.lists.number)
        async with AsyncExitStack() as servers:
            for path, converse in ((settings.admin_socket, admin), (settings.kits_socket, kits)):
                with _only_for_the_group(path):
                    server = await asyncio.start_unix_server(_guarded(converse), path)
                await servers.enter_async_context(server)
            ready()
            await stop.wait()
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(
            f"The authority can't make its sockets in {settings.socket_dir} ({error}): check the "
            "rights of that directory, or name another with `authority.socket_dir`."
        ) from error
    finally:
        for path in (settings.admin_socket, settings.kits_socket, note):
            path.unlink(missing_ok=True)


def _guarded(converse: _Converse) -> _Converse:
    """A conversation that ends quietly with its connection."""

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await converse(reader, writer)
        except (DecodeError, TimeoutError, ConnectionError) as error:
            log.info("A conversation ended: %s", error)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    return guarded


@contextmanager
def _only_for_the_group(path: Path) -> Iterator[None]:
    """Make a socket that its owner and their group may use, never anyone else."""
    path.unlink(missing_ok=True)
    before = os.umask(0o117)
    try:
        yield
    finally:
        os.umask(before)


def _peer(writer: asyncio.StreamWriter) -> int:
    """The user at the other end of a Unix socket."""
    plain = writer.get_extra_info("socket")
    found = plain.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", found)
    return int(user)


def _note(path: Path, number: int, *, again_s: float | None = None) -> None:
    """Say which lists are the newest, if it is not said already or was said `again_s` ago.

    Said again, it wakes whoever watches the file and missed a change while busy with the one before.
    """
    text = f"{number}\n"
    with suppress(FileNotFoundError):
        is_old = again_s is not None and time.time() - path.stat().st_mtime > again_s
        if path.read_text(encoding="ascii") == text and not is_old:
            return
    draft = path.with_name(path.name + ".new")
    draft.write_text(text, encoding="ascii")
    draft.rename(path)
