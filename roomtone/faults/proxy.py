"""Simulates a bad network: a TCP proxy that can reset connections, discard data, and slow down.

It runs in threads of this process, and needs neither installation nor root.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, Literal, Self

__all__ = ["FaultProxy", "NetworkState"]

NetworkState = Literal["fine", "cut", "half_open", "slow"]
"""`cut`: all connections are reset, also new ones. `half_open`: they stay open, but all data is
discarded in both directions, also on new ones. `slow`: at most `bytes_per_s`."""

_Pair = tuple[socket.socket, socket.socket]
"""The two sockets of a forwarded connection."""

_CHUNK: Final = 4096
_CONNECT_S: Final = 5.0


class FaultProxy:
    """Listens on its own port and forwards to `target`. A context manager."""

    def __init__(self, target: int, *, bytes_per_s: float = 4_000.0) -> None:
        self.affected = Counter[NetworkState]()
        """`cut`: connections that were reset or refused; `half_open`: discarded bytes; `slow`:
        delayed bytes."""
        self._target = target
        self._rate = bytes_per_s
        self._state: NetworkState = "fine"
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._pairs: set[_Pair] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._is_over = False

    def __enter__(self) -> Self:
        self._thread(self._accept, "proxy")
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._changed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._reset_all()
        for thread in self._threads:
            thread.join(5.0)

    def set_state(self, state: NetworkState) -> None:
        """Change the state of the network.

        Discarded data stays lost: half-open connections are reset when that state ends, as a real
        network resets connections that it no longer knows.
        """
        with self._lock:
            was, self._state = self._state, state
        self._changed.set()
        if state == "cut" or was == "half_open":
            self._reset_all()

    def _thread(self, run: Callable[..., None], name: str, *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, name=name, daemon=True)
        self._threads = [known for known in self._threads if known.is_alive()]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._is_over:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._state == "cut":
                self.affected["cut"] += 1
                _reset((client,))
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._target), _CONNECT_S)
            except OSError:
                # As without a proxy: the connection is refused.
                _reset((client,))
                continue
            server.settimeout(None)
            pair = client, server
            with self._lock:
                self._pairs.add(pair)
            self._thread(self._carry, "proxy up", pair, client, server)
            self._thread(self._carry, "proxy down", pair, server, client)

    def _carry(self, pair: _Pair, source: socket.socket, sink: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError):  # reset by one of the sides
                while data := source.recv(_CHUNK):
                    if self._state == "half_open":
                        self.affected["half_open"] += len(data)
                        continue
                    if self._state == "slow":
                        self.affected["slow"] += len(data)
                        self._changed.clear()
                        self._changed.wait(len(data) / self._rate)
                    sink.sendall(data)
        finally:
            _reset(pair)
            with self._lock:
                self._pairs.discard(pair)

    def _reset_all(self) -> None:
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            self.affected["cut"] += 1
            _reset(pair)


def _reset(ends: Sequence[socket.socket]) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            # Only a shutdown wakes up a reading thread.
            end.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        end.close()
