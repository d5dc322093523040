"""The server for the faults: Mosquitto, ingest and score, and the networks to them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Final, Self

from contract.errors import StoreError
from ingest.stores import open_period_reader, open_score_store
from ingest.stores.protocol import PeriodReader
from roomtone.demo.broker import broker_command, free_port
from roomtone.demo.page_port import is_taken
from roomtone.demo.programs import roomtone_command
from roomtone.demo.settings_files import toml
from roomtone.faults.children import Child, FaultError, until
from roomtone.faults.proxy import FaultProxy

__all__ = ["SITE", "Server"]

SITE: Final = "fault-school"
READY_S: Final = 30.0
_MOVE_S: Final = 60.0


class Server:
    """A context manager: entering starts broker, ingest and score, leaving stops them.

    `edge_net` is between the rooms and the broker, `server_net` between ingest and the broker.
    """

    def __init__(
        self,
        folder: Path,
        *,
        data: Path | None = None,
        ingest: Mapping[str, object] | None = None,
    ) -> None:
        self.folder = folder
        # Rooms run faster than the server, so their clocks are not compared with its own.
        self._ingest_settings = {"max_clock_error_s": 0, **(ingest or {})}
        self.data = data or folder / "data"
        self._cleanup = ExitStack()
        port = self.broker_port = free_port()
        self.edge_net = FaultProxy(port)
        self.server_net = FaultProxy(port)
        logs = folder / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        _, command = broker_command(python=sys.executable, port=port, folder=folder)
        self.broker = Child("broker", command, log=logs / "broker.log")
        self.config = folder / "server.toml"
        self.ingest, self.score = (
            Child(
                name,
                roomtone_command(name, "--config", str(self.config)),
                log=logs / f"{name}.log",
            )
            for name in ("ingest", "score")
        )

    def __enter__(self) -> Self:
        self.prepare()
        try:
            self.broker.start()
            until(
                lambda: is_taken(self.broker_port), what="an answer of the broker",
                timeout_s=READY_S, running=[self.broker],
            )  # fmt: skip
            with self.ingest.logs_again(
                "connected to the broker", what="the start of ingest", timeout_s=READY_S
            ):
                self.ingest.start()
                self.score.start()
        except BaseException:
            self.close()
            raise
        return self

    def prepare(self) -> None:
        """Prepare everything without starting the programs."""
        for child in (self.broker, self.ingest, self.score):
            self._cleanup.callback(child.end)
        for net in (self.edge_net, self.server_net):
            self._cleanup.enter_context(net)
        self.write_config(self.config, self.data)

    def write_config(self, path: Path, data: Path) -> None:
        """Write the settings of a server for the same site with this data directory."""
        path.write_text(
            toml(
                {"site": SITE, "data_dir": str(data)},
                broker={"port": self.server_net.port, "keepalive_s": 5},
                ingest=self._ingest_settings,
            ),
            encoding="utf-8",
        )

    def move(self, data: Path) -> str:
        """Move the site to another shard as an operator does; returns what the command reported.

        Ingest and score end, and start again with the other shard's settings.
        """
        self.score.stop()
        self.ingest.stop()
        config = data.with_suffix(".toml")
        self.write_config(config, data)
        data.mkdir()
        for file in self.data.glob("school.db*"):
            shutil.copy2(file, data)  # as if both shards had one database of lessons
        command = roomtone_command(
            "site", "move", SITE, "--config", str(self.config), "--to", str(config)
        )
        done = subprocess.run(command, capture_output=True, text=True, timeout=_MOVE_S, check=False)
        if done.returncode != 0:
            raise FaultError(f"The site could not be moved: {done.stderr.strip()}")
        self.data, self.config = data, config
        for name, child in (("ingest", self.ingest), ("score", self.score)):
            child.command = roomtone_command(name, "--config", str(config))
            child.start()
        return next(line for line in done.stdout.splitlines() if ", are in " in line)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything, also what was only prepared."""
        self._cleanup.close()

    def reader(self) -> PeriodReader:
        return open_period_reader(self.data)

    def score_lag(self) -> int:
        """Number of ticks that are stored but not scored yet."""
        with closing(self.reader()) as reader:
            newest = reader.newest_cursor()
        with suppress(StoreError), closing(open_score_store(self.data)) as store:
            return max(0, newest - store.cursor())
        return newest
