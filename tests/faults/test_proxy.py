"""The network that faults are made with: what goes through it, and what does not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from roomtone.demo.broker import free_port
from roomtone.faults.children import until
from roomtone.faults.proxy import FaultProxy

PATIENCE_S = 60.0


class Echo:
    """Sends back what it gets, on a port of its own."""

    def __init__(self) -> None:
        self.heard = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(PATIENCE_S)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                try:
                    while data := client.recv(4096):
                        self.heard += len(data)
                        client.sendall(data)
                except OSError:
                    continue


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def net(echo: Echo) -> Iterator[FaultProxy]:
    with FaultProxy(echo.port, bytes_per_s=20_000) as proxy:
        yield proxy


def connected(net: FaultProxy) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", net.port), PATIENCE_S)
    client.settimeout(PATIENCE_S)
    return client


def answer(client: socket.socket, data: bytes) -> bytes:
    client.sendall(data)
    got = b""
    while len(got) < len(data):
        piece = client.recv(4096)
        if not piece:
            break
        got += piece
    return got


def is_reset(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True


def is_reset_at_once(net: FaultProxy) -> bool:
    try:
        with connected(net) as client:
            return is_reset(client)
    except ConnectionError:
        return True


def test_a_fine_network_forwards_everything(net: FaultProxy) -> None:
    with connected(net) as client:
        assert answer(client, b"a" * 10_000) == b"a" * 10_000
    assert net.affected == {}


def test_a_cut_resets_what_stands_and_what_comes(net: FaultProxy) -> None:
    with connected(net) as client:
        assert answer(client, b"before") == b"before"
        net.set_state("cut")
        assert is_reset(client)
    assert is_reset_at_once(net)
    assert net.affected["cut"] == 2
    net.set_state("fine")
    with connected(net) as client:
        assert answer(client, b"after") == b"after"


def test_half_open_discards_data_and_is_reset_at_its_end(net: FaultProxy, echo: Echo) -> None:
    with connected(net) as old:
        assert answer(old, b"before") == b"before"
        net.set_state("half_open")
        old.sendall(b"into the void")
        with connected(net) as fresh:
            fresh.sendall(b"me too")
            fresh.settimeout(0.1)
            with pytest.raises(TimeoutError):
                fresh.recv(1)
        old.settimeout(0.1)
        with pytest.raises(TimeoutError):
            old.recv(1)
        discarded = len(b"into the void") + len(b"me too")
        until(
            lambda: net.affected["half_open"] >= discarded, what="all of it", timeout_s=PATIENCE_S
        )
        assert net.affected["half_open"] == discarded
        assert echo.heard == len(b"before")
        net.set_state("fine")
        old.settimeout(PATIENCE_S)
        assert is_reset(old)


def test_slow_takes_its_time_and_loses_nothing(net: FaultProxy) -> None:
    with connected(net) as client:
        net.set_state("slow")
        began = time.monotonic()
        assert answer(client, b"s" * 4_000) == b"s" * 4_000
        assert time.monotonic() - began > 0.3
    assert net.affected["slow"] >= 8_000


def test_a_dead_target_is_a_reset() -> None:
    with FaultProxy(free_port()) as net:
        assert is_reset_at_once(net)


def test_nothing_is_left_behind(echo: Echo) -> None:
    before = threading.active_count()
    with FaultProxy(echo.port) as net:
        client = connected(net)
        assert answer(client, b"x") == b"x"
        port = net.port
    with client:
        assert is_reset(client)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 1.0)
    assert threading.active_count() <= before + 1
