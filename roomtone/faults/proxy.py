"""A bad network between two programs: a TCP proxy that can cut, swallow and slow down.

Threads of this process carry the bytes; nothing is installed, and no right of root is needed.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Final, Literal, Self

__all__ = ["FaultProxy", "Weather"]

Weather = Literal["fine", "cut", "half_open", "slow"]
"""`cut`: connections are reset, and new ones as well. `half_open`: they stand, and whatever goes
in is swallowed, in both directions; also that of new ones. `slow`: `bytes_a_s` at most."""

_CHUNK: Final = 4096
_CONNECT_S: Final = 5.0


class FaultProxy:
    """Listens on a port of its own and passes on to `target`. A context manager."""

    def __init__(self, target: int, *, bytes_a_s: float = 4_000.0) -> None:
        self.connections = 0
        """Accepted so far."""
        self.refused = 0
        """Connections that were cut, or came while the network was."""
        self.swallowed = 0
        """Bytes that went nowhere."""
        self.slowed = 0
        """Bytes that had to wait."""
        self._target = target
        self._rate = bytes_a_s
        self._weather: Weather = "fine"
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._pairs: list[_Pair] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._is_over = False

    def __enter__(self) -> Self:
        self._listener.listen()
        self._thread(self._accept, "proxy")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over = True
        self._changed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._reset_all()
        for thread in self._threads:
            thread.join(5.0)

    @property
    def weather(self) -> Weather:
        return self._weather

    def be(self, weather: Weather) -> None:
        """Change the network from now on.

        What was swallowed stays so: connections that were half open are reset when that ends, as
        a network that comes back resets what it no longer knows.
        """
        with self._lock:
            was, self._weather = self._weather, weather
        self._changed.set()
        if weather == "cut" or was == "half_open":
            self._reset_all()

    def _thread(self, run: object, name: str, *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, name=name, daemon=True)  # type: ignore[arg-type]
        self._threads = [known for known in self._threads if known.is_alive()]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._is_over:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._weather == "cut":
                self.refused += 1
                _reset(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._target), _CONNECT_S)
            except OSError:
                # As it would be without a proxy: the connection is refused.
                _reset(client)
                continue
            server.settimeout(None)
            pair = _Pair(client, server)
            with self._lock:
                self.connections += 1
                self._pairs.append(pair)
            self._thread(self._carry, "proxy up", pair, client, server)
            self._thread(self._carry, "proxy down", pair, server, client)

    def _carry(self, pair: _Pair, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(_CHUNK):
                if self._weather == "half_open":
                    self.swallowed += len(data)
                    continue
                if self._weather == "slow":
                    self.slowed += len(data)
                    self._changed.clear()
                    self._changed.wait(len(data) / self._rate)
                sink.sendall(data)
        except OSError:
            pass  # reset from either side
        finally:
            pair.reset()
            with self._lock:
                if pair in self._pairs:
                    self._pairs.remove(pair)

    def _reset_all(self) -> None:
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            self.refused += 1
            pair.reset()


class _Pair:
    """The two sockets of a connection that is passed on."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self._sockets = (client, server)

    def reset(self) -> None:
        for end in self._sockets:
            # A thread that reads wakes up only by a shutdown.
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            _reset(end)


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    end.close()
