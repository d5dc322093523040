"""Brokers for the conformance suite of the MQTT link: Mosquitto, and one that says what a test wants."""

from __future__ import annotations

import contextlib
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from paho.mqtt.properties import VariableByteIntegers

from roomtone.demo.broker import free_port, mosquitto_path

__all__ = ["WAIT_S", "FakeBroker", "Mosquitto", "published", "until"]

WAIT_S = 60.0


def until(fact: Callable[[], object]) -> None:
    end = time.monotonic() + WAIT_S
    while not fact():
        assert time.monotonic() < end, "what the test waits for did not come"
        time.sleep(0.01)


class Mosquitto:
    """Mosquitto with a configuration of the test's own, to kill and start again on its port."""

    def __init__(self, folder: Path, *lines: str, port: int | None = None) -> None:
        if mosquitto_path() is None:
            pytest.skip("Mosquitto is not installed: apt-get install mosquitto")
        self.port = port or free_port()
        self._conf = folder / f"mosquitto-{self.port}.conf"
        head = (f"listener {self.port} 127.0.0.1", *(lines or ("allow_anonymous true",)))
        self._conf.write_text("\n".join(head) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [str(mosquitto_path()), "-c", str(self._conf)], stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
        pytest.fail("Mosquitto does not listen")

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


_CONNACK = {"3.1.1": b"\x20\x02\x00\x00", "5": b"\x20\x03\x00\x00\x00"}
_SUBACK = {"3.1.1": b"\x90\x03\x00\x01\x01", "5": b"\x90\x04\x00\x01\x00\x01"}


def published(
    protocol: str, topic: bytes, payload: bytes, *, mid: int = 0, properties: bytes = b""
) -> bytes:
    """A PUBLISH packet, of QoS 1 with a `mid`."""
    body = struct.pack(">H", len(topic)) + topic + (struct.pack(">H", mid) if mid else b"")
    if protocol == "5":
        body += VariableByteIntegers.encode(len(properties)) + properties
    body += payload
    return bytes([0x32 if mid else 0x30]) + VariableByteIntegers.encode(len(body)) + body


class FakeBroker:
    """Greets whoever connects, sends them its bytes, confirms one subscription, and notes the rest."""

    def __init__(
        self,
        protocol: str,
        packets: bytes = b"",
        *,
        greeting: bytes | None = None,
        closes: bool = False,
    ) -> None:
        self.heard = b""
        self.connections = 0
        self._protocol, self._packets, self._closes = protocol, packets, closes
        self._greeting = _CONNACK[protocol] if greeting is None else greeting
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                self.connections += 1
                with client, contextlib.suppress(OSError):
                    self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        client.recv(1024)
        client.sendall(self._greeting)
        if self._greeting == _CONNACK[self._protocol]:
            client.recv(1024)
            client.sendall(self._packets)
            client.sendall(_SUBACK[self._protocol])
            if self._closes:
                return
        while data := client.recv(1024):
            self.heard += data

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()
