"""The TCP port where kits enrol. It passes frames on to the authority and its answers back.

It has no key and reads no message; it counts and times them, so that a stranger who connects a
thousand times, or sends a byte a minute, reaches neither the authority nor another kit.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from contract.enrolment.frames import HEAD_BYTES
from contract.enrolment.messages import Refusal
from contract.errors import DecodeError, LinkError
from ingest.authority.service import read_body
from ingest.authority.settings import AuthoritySettings

__all__ = ["open_door"]

log = logging.getLogger(__name__)

_MAX_ROUNDS: Final = 2
"""An enrolment has two questions, a renewal one."""
_MAX_EACH: Final = 8
"""Conversations of one address at once: a technician may enrol some kits behind one router."""
_PATIENCE_S: Final = 30.0
_BUSY: Final = Refusal(
    reason="busy",
    text="The server talks to as many kits as it can at the moment: try again in a minute.",
)
_AWAY: Final = Refusal(
    reason="busy",
    text="The server's authority does not answer: somebody has to start roomtone-authority.service on "
    "the server. The code is still good.",
)


async def open_door(
    settings: AuthoritySettings, stop: asyncio.Event, ready: Callable[[int], None], *,
    patience_s: float = _PATIENCE_S,
) -> None:  # fmt: skip
    """Serve kits until `stop` is set; calls `ready` with the port. Raises LinkError.

    A whole conversation may take `patience_s`.
    """
    open_now: Counter[str] = Counter()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = str((writer.get_extra_info("peername") or ("",))[0])
        try:
            if open_now.total() >= settings.max_conversations or open_now[address] >= _MAX_EACH:
                writer.write(_BUSY.encode())
                await writer.drain()
                return
            open_now[address] += 1
            try:
                async with asyncio.timeout(patience_s):
                    await _pass_on(settings, reader, writer)
            finally:
                open_now[address] -= 1
                if not open_now[address]:
                    del open_now[address]
        except TimeoutError:
            log.info("A conversation with %s took too long.", address)
        except (DecodeError, ConnectionError) as error:
            log.info("A conversation with %s ended: %s", address, error)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    try:
        server = await asyncio.start_server(meet, settings.listen, settings.port)
    except OSError as error:
        raise LinkError(
            f"Port {settings.port} on {settings.listen} can't be opened for kits ({error.strerror}): "
            "see what else uses it, or set `authority.port`."
        ) from error
    async with server:
        ready(int(server.sockets[0].getsockname()[1]))
        await stop.wait()


async def _pass_on(
    settings: AuthoritySettings, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """One conversation; the authority ends it when it is over."""
    body = await read_body(reader)
    if body is None:
        return
    try:
        to, fro = (await asyncio.open_unix_connection(settings.kits_socket))[::-1]
    except OSError as error:
        log.error("The authority does not answer at %s (%s).", settings.kits_socket, error)  # noqa: TRY400 - the sentence says it all
        writer.write(_AWAY.encode())
        await writer.drain()
        return
    try:
        for _ in range(_MAX_ROUNDS):
            to.write(len(body).to_bytes(HEAD_BYTES, "big") + body)
            await to.drain()
            answer = await read_body(fro)
            if answer is None:
                return
            writer.write(len(answer).to_bytes(HEAD_BYTES, "big") + answer)
            await writer.drain()
            body = await read_body(reader)
            if body is None:
                return
    finally:
        to.close()
        with suppress(OSError):
            await to.wait_closed()
