"""A server without a room, with its real programs, and the terminals that a technician types in."""

from __future__ import annotations

import io
import json
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from typing import Any, Final, Self

from contract.clock import ScaledClock
from roomtone.cli import main
from roomtone.demo.broker import free_port
from roomtone.demo.programs import roomtone_command
from roomtone.demo.settings_files import clock_option, toml
from roomtone.faults.children import Child, until
from tests.ingest.commissioning.test_enrolled_kits import mosquitto
from tests.signed_in import cookie_of_all, header

SITE: Final = "our-school"
PATIENCE_S: Final = 120.0
ENROL_WITH_SOCKETS: Final = """\
import sys
from pathlib import Path

from firmware_bridge import usb_ports
from roomtone.cli import main

usb_ports.BY_PATH = Path(sys.argv[1])
sys.exit(main(sys.argv[2:]))
"""
"""`roomtone` on a Pi whose USB sockets are a folder of the test."""


class Transcript:
    """What was typed where, what it answered, and how long that took."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self, where: str, words: str, took_s: float, said: str = "") -> None:
        drawn = "█"  # of QR codes
        lines = [line for line in said.splitlines() if drawn not in line and "▀" not in line]
        with self.path.open("a", encoding="utf-8") as file:
            print(f"{where}$ {words}    # {took_s:.1f} s", *lines, sep="\n", file=file)

    def type(self, where: str, words: str, command: list[str], *, code: int = 0) -> str:
        """Run a command as a program of its own; returns what it printed."""
        begin = time.monotonic()
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        self.note(where, words, time.monotonic() - begin, done.stdout)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout


class Systemd(threading.Thread):
    """roomtone-broker.path and roomtone-broker.service: the broker gets each new list."""

    def __init__(self, note: Path, apply: list[str], broker: subprocess.Popen[bytes]) -> None:
        super().__init__(name="systemd")
        self._note, self._apply, self._broker = note, apply, broker
        self._seen = self._applied = note.read_text()
        self._is_over = threading.Event()
        self.faults: list[str] = []

    def run(self) -> None:
        while not self._is_over.wait(0.05):
            number = self._note.read_text()
            if number == self._seen:
                continue
            self._seen = number
            done = subprocess.run(self._apply, capture_output=True, text=True, check=False)
            if done.returncode:
                self.faults.append(done.stderr)
            self._broker.send_signal(signal.SIGHUP)
            self._applied = number

    @property
    def is_idle(self) -> bool:
        """Whether the broker has the newest list."""
        return self._applied == self._note.read_text()

    def close(self) -> None:
        self._is_over.set()
        self.join()
        assert not self.faults, self.faults


class School:
    """A context manager: entering makes a server that knows no room, leaving stops everything."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "data"
        folder.mkdir()
        self.config, self.etc = folder / "server.toml", folder / "etc"
        self.page_port = free_port()
        self.transcript = Transcript(folder / "transcript.txt")
        self._files = ["--dir", f"{folder}/mosquitto", "--programs", str(self.etc), "--no-reload"]
        self._running = ExitStack()
        self._children: list[Child] = []
        self._cookie: dict[str, str] = {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._running.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def _start(self) -> None:
        """What `roomtone server install` and systemd do."""
        kits, server, door = free_port(), free_port(), free_port()
        self.config.write_text(
            toml(
                {"site": SITE, "data_dir": str(self.data)},
                broker={
                    "host": "localhost", "port": server, "ca_file": f"{self.etc}/ca.crt",
                    "certificate_file": f"{self.etc}/server.crt",
                    "key_file": f"{self.etc}/server.key",
                },
                authority={
                    "dir": f"{self.folder}/authority", "socket_dir": f"{self.folder}/run",
                    "address": "127.0.0.1", "listen": "127.0.0.1", "port": door,
                    "broker_port": kits,
                },
                ingest={"health_port": 0}, score={"health_port": 0},
                dashboard={"port": self.page_port},
            )
        )  # fmt: skip
        begin = time.monotonic()
        self._start_program("authority")
        self.on_server("broker config", *self._files)
        broker = self._running.enter_context(mosquitto(self.folder))
        apply = roomtone_command("broker", "apply", "--config", str(self.config), *self._files)
        self.systemd = Systemd(self.folder / "run/published", apply, broker)
        self.systemd.start()
        self._running.callback(self.systemd.close)
        for name in ("ingest", "score", "dashboard", "enrolment"):
            self._start_program(name)
        self.transcript.note("server", "(all programs run)", time.monotonic() - begin)

    def _start_program(self, name: str) -> None:
        """Start it, and wait until it reports to systemd that it is ready."""
        systemd = self._running.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        address = self.folder / f"notify-{name}"
        systemd.bind(str(address))
        systemd.settimeout(PATIENCE_S)
        command = roomtone_command(name, "--config", str(self.config))
        child = self._child(name, ["env", f"NOTIFY_SOCKET={address}", *command])
        child.start()
        while b"READY=1" not in systemd.recv(4096):
            assert child.is_running, child.last_log_line()

    def _child(self, name: str, command: list[str]) -> Child:
        child = Child(name, command, log=self.folder / "logs" / f"{name}.log")
        self._children.append(child)
        self._running.callback(child.end)
        return child

    def on_server(self, words: str, *beside: str, code: int = 0) -> str:
        """Type a command; `beside` is what only this test has to say, such as its folders."""
        command = roomtone_command(*shlex.split(words), "--config", str(self.config), *beside)
        return self.transcript.type("server", f"sudo roomtone {words}", command, code=code)

    def on_kit(self, words: str, directory: Path, sockets: Path) -> str:
        """Type a command of the kit in this directory, with its USB sockets."""
        command = [
            sys.executable, "-P", "-c", ENROL_WITH_SOCKETS, str(sockets), *shlex.split(words),
            "--dir", str(directory), "--no-start",
        ]  # fmt: skip
        return self.transcript.type("kit", f"sudo roomtone {words}", command)

    def start_kit(self, directory: Path) -> Child:
        """roomtone-edge.service, with the settings that the kit was given and an outbox of its own."""
        settings = directory / "edge.toml"
        settings.write_text(settings.read_text() + toml({}, outbox={"dir": f"{directory}/outbox"}))
        # Real time, of which the kit is sure, as with a time server.
        now = ScaledClock(speed=1.0, anchor_ns=time.monotonic_ns(), utc_at_anchor_ns=time.time_ns())
        kit = self._child(
            f"edge-{directory.name}",
            roomtone_command("edge", "--config", str(settings), *clock_option(now)),
        )
        kit.start()
        return kit

    def fleet(self, room: str) -> dict[str, Any]:
        """What `roomtone fleet` says of a room."""
        said = io.StringIO()
        with redirect_stdout(said):
            main(["fleet", room, "--json", "--config", str(self.config)])
        (found,) = json.loads(said.getvalue())["rooms"]
        assert isinstance(found, dict)
        return found

    def sign_in(self) -> None:
        """Somebody who has every role, and whose the lessons are that there are by now."""
        self._cookie = cookie_of_all(self.data)

    def page(self, path: str) -> str:
        """A page, as this person sees it."""
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.page_port}{path}", headers=header(self._cookie)
        )
        with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:
            text = answer.read().decode()
        assert isinstance(text, str)
        return text

    def until(self, is_so: Callable[[], bool], what: str) -> float:
        """Wait; returns for how long. Each program has to run meanwhile."""
        begin = time.monotonic()
        until(is_so, what=what, timeout_s=PATIENCE_S, running=self._children)
        return time.monotonic() - begin
