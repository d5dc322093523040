"""The server for the faults: Mosquitto, ingest and score, and the networks to them."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from contract.errors import StoreError
from ingest.stores import open_period_reader, open_score_store
from ingest.stores.protocol import PeriodReader
from roomtone.demo.broker import broker_command, free_port, mosquitto_path
from roomtone.demo.toml import toml
from roomtone.faults.children import Child, FaultError, until
from roomtone.faults.proxy import FaultProxy

__all__ = ["SITE", "Server"]

SITE: Final = "fault-school"
READY_S: Final = 30.0


class Server:
    """A context manager: entering starts broker, ingest and score, leaving stops them.

    `edge_net` is between the rooms and the broker, `server_net` between ingest and the broker.
    """

    def __init__(
        self,
        folder: Path,
        *,
        has_score: bool = True,
        data: Path | None = None,
        ingest: Mapping[str, object] | None = None,
    ) -> None:
        self.folder = folder
        # Rooms run faster than the server, so their clocks are not compared with its own.
        self._ingest_settings = {"max_clock_error_s": 0, **(ingest or {})}
        self.data = data or folder / "data"
        self.has_score = has_score
        self._cleanup = ExitStack()
        port = free_port()
        self.broker_port = port
        self.edge_net = FaultProxy(port)
        self.server_net = FaultProxy(port)
        logs = folder / "logs"
        if mosquitto_path() is None:
            raise FaultError(
                "The fault matrix needs Mosquitto, which is not installed here: install the "
                "package mosquitto."
            )
        folder.mkdir(parents=True, exist_ok=True)
        _, command = broker_command(python=sys.executable, port=port, folder=folder)
        self.broker = Child("broker", command, log=logs / "broker.log")
        self.config = folder / "server.toml"
        self.ingest = Child.ours("ingest", "--config", str(self.config), log=logs / "ingest.log")
        self.score = Child.ours("score", "--config", str(self.config), log=logs / "score.log")

    def __enter__(self) -> Self:
        self.prepare()
        try:
            for child in self.children:
                child.start()
                if child is self.broker:
                    self.wait_for_broker()
            self.wait_for_ingest()
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def prepare(self) -> None:
        """Prepare everything without starting the programs."""
        for child in (self.broker, self.ingest, self.score):
            self._cleanup.callback(child.end)
        self._cleanup.enter_context(self.edge_net)
        self._cleanup.enter_context(self.server_net)
        self.config.write_text(
            toml(
                {"site": SITE, "data_dir": str(self.data)},
                broker={"port": self.server_net.port, "keepalive_s": 5},
                ingest=self._ingest_settings,
            ),
            encoding="utf-8",
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cleanup.close()

    @property
    def children(self) -> tuple[Child, ...]:
        return (self.broker, self.ingest, self.score)[: 3 if self.has_score else 2]

    def reader(self) -> PeriodReader:
        return open_period_reader(self.data)

    def wait_for_broker(self) -> None:
        until(
            lambda: _answers(self.broker_port), what="an answer of the broker", timeout_s=READY_S,
            running=[self.broker],
        )  # fmt: skip

    def wait_for_ingest(self) -> None:
        """Wait until ingest logs that it is connected."""
        before = self.ingest.times_logged("connected to the broker")
        until(
            lambda: self.ingest.times_logged("connected to the broker") > before or before > 0,
            what="the start of ingest", timeout_s=READY_S, running=[self.ingest],
        )  # fmt: skip

    def score_lag(self) -> int:
        """Number of ticks that are stored but not scored yet."""
        reader = self.reader()
        try:
            newest = reader.newest_cursor()
        finally:
            reader.close()
        with contextlib.suppress(StoreError):
            store = open_score_store(self.data)
            try:
                return max(0, newest - store.cursor())
            finally:
                store.close()
        return newest


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
