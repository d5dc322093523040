"""A TCP proxy that delays what passes it, and stalls now and then."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Queue

__all__ = ["slow_link"]

STALL_S = 1.0
PIECE_BYTES = 16_384


@contextmanager
def slow_link(port: int, *, delay_s: float, stalls: float, seed: int = 1) -> Iterator[int]:
    """The port of a link to another port of this computer.

    Each piece is `delay_s` on its way, in either direction; of 100 pieces `stalls` * 100 hold
    everything behind them back for a second more.
    """
    loop = asyncio.new_event_loop()
    chance = random.Random(seed)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due, piece = await pieces.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if not piece:
                    writer.close()
                    return
                writer.write(piece)
                await writer.drain()

        delivering = loop.create_task(deliver())
        held_until = 0.0
        piece = b"first"
        while piece:
            with suppress(ConnectionError):
                piece = await reader.read(PIECE_BYTES)
            if chance.random() < stalls:
                held_until = loop.time() + STALL_S
            pieces.put_nowait((max(loop.time(), held_until) + delay_s, piece))
        with suppress(ConnectionError):
            await delivering

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        with suppress(asyncio.CancelledError):  # at the end of the link
            await asyncio.gather(pump(reader, back), pump(there, writer), return_exceptions=True)

    ports: Queue[int] = Queue()

    async def serve() -> None:
        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        ports.put(int(server.sockets[0].getsockname()[1]))

    def run() -> None:
        loop.run_until_complete(serve())
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()

    # A loop of its own: Playwright's runs in the thread that asks for the link.
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield ports.get(timeout=30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
