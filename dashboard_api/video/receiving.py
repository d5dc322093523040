"""Takes in the body of one upload request: read here, encrypted in a thread, never held whole."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from contract.errors import RoomtoneError
from dashboard_api.video.in_thread import until_done
from dashboard_api.video.turns import Turn
from school.video.container import HEAD_BYTES, container_of
from school.video.sealed_file import SealedUpload

__all__ = ["NoVideoError", "receive"]

_PIECE: Final = 1 << 20
"""So much is handed to the thread at once; as much again is read meanwhile."""


class NoVideoError(RoomtoneError, ValueError):
    """What comes does not begin like a video."""


async def receive(request: Request, upload: SealedUpload, turn: Turn) -> bool:
    """Write a body to an upload; False if it ended early: a lost connection, or someone else's turn.

    Raises NoVideoError, StoreError for more than was announced, and OSError if the disk is full.
    """
    writing: asyncio.Future[None] | None = None
    loop = asyncio.get_running_loop()
    held, is_last = bytearray(), False
    fault: HTTPException | None = None
    try:
        while not is_last:
            try:
                message = await _next(request, turn)
            except HTTPException as error:  # it came too slowly; what came counts
                fault = error
                break
            if message is None:
                break
            held += message.get("body", b"")
            is_last = not message.get("more_body", False)
            if len(held) >= _PIECE:
                if writing is not None:
                    await asyncio.shield(writing)
                writing = loop.run_in_executor(None, _write, upload, held)
                held = bytearray()
        if writing is not None:
            await asyncio.shield(writing)
        if held:
            writing = loop.run_in_executor(None, _write, upload, held)
            await asyncio.shield(writing)
    finally:
        # Whatever ends this: nobody else may touch the upload before the thread is done with it.
        if writing is not None:
            await until_done(writing)
    if fault is not None:
        raise fault
    return is_last


async def _next(request: Request, turn: Turn) -> Message | None:
    """The next part of the body; None if there is none to come."""
    part = asyncio.ensure_future(request.receive())
    waited: set[asyncio.Future[Any]] = {part, turn.wanted}
    await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    if not part.done():
        part.cancel()
        return None
    message = part.result()
    return message if message["type"] == "http.request" else None


def _write(upload: SealedUpload, piece: bytearray) -> None:
    is_checked = upload.offset >= HEAD_BYTES
    upload.write(memoryview(piece))
    if not is_checked and (upload.offset >= HEAD_BYTES or upload.is_complete):
        head = upload.first_bytes[:HEAD_BYTES]
        if container_of(head) is None:
            raise NoVideoError("no video")
