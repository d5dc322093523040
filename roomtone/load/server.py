"""The programs that a load runs against: Mosquitto, ingest and score, on a folder of their own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final, Self

from contract.settings import BrokerSettings
from ingest.stores import open_period_reader, open_score_store
from ingest.stores.protocol import PeriodReader, ScoreStore
from roomtone.demo.broker import broker_command, free_port
from roomtone.demo.page_port import is_taken
from roomtone.demo.programs import roomtone_command
from roomtone.demo.settings_files import broker_table, toml
from roomtone.faults.children import Child, until
from roomtone.faults.proxy import FaultProxy
from roomtone.load.messages import room_name
from roomtone.load.plan import CONNECTIONS, Fault, LoadPlan
from roomtone.load.watching import lesson_id
from school import open_lesson_store
from school.lessons.records import Lesson

__all__ = ["FaultSchedule", "LoadServer"]

_READY_S: Final = 60.0
_BYTES_A_SEAT: Final = 28
"""About what a batch takes for each seat, topic and all."""
_SLOW_SHARE: Final = 0.5
"""A slow link carries so much of what the kits send live."""


class LoadServer:
    """A context manager: entering starts the programs, leaving ends them."""

    def __init__(self, plan: LoadPlan, folder: Path) -> None:
        self._plan = plan
        self._folder = folder
        self._data = folder / "data"
        self._cleanup = ExitStack()
        port = free_port()
        broker = BrokerSettings(port=port)
        logs = folder / "logs"
        _, command = broker_command(python=sys.executable, port=port, folder=folder)
        self.broker = Child("broker", command, log=logs / "broker.log")
        config = folder / "server.toml"
        config.write_text(self._toml(broker), encoding="utf-8")
        self.ingest, self.score = (
            Child(
                name, roomtone_command(name, "--config", str(config)), log=logs / f"{name}.log"
            )
            for name in ("ingest", "score")
        )  # fmt: skip
        self.proxy: FaultProxy | None = None
        """Between the kits and the broker, if the link is to be slow for a while."""
        if any(fault.kind == "slow-link" for fault in plan.faults):
            live = plan.rooms * plan.seats * plan.rate * _BYTES_A_SEAT
            self.proxy = FaultProxy(port, bytes_per_s=_SLOW_SHARE * live / CONNECTIONS)
        self.kits_broker = BrokerSettings(port=self.proxy.port if self.proxy else port)
        """What the kits connect to."""
        self._port = port

    def _toml(self, broker: BrokerSettings) -> str:
        ingest: dict[str, object] = {"health_port": 0}
        if self._plan.rate != 1:
            ingest["max_clock_error_s"] = 0  # rooms run faster or slower than the server
        return toml(
            {"site": self._plan.site, "data_dir": str(self._data)},
            broker=broker_table(broker), ingest=ingest, score={"health_port": 0},
        )  # fmt: skip

    def __enter__(self) -> Self:
        children = [self.broker, self.ingest, self.score]
        for child in children:
            self._cleanup.callback(child.end)
        try:
            if self.proxy is not None:
                self._cleanup.enter_context(self.proxy)
            self.broker.start()
            until(
                lambda: is_taken(self._port), what="an answer of the broker",
                timeout_s=_READY_S, running=[self.broker],
            )  # fmt: skip
            self.ingest.start()
            self.score.start()
            until(
                lambda: self.ingest.times_logged("connected to the broker") > 0,
                what="the start of ingest", timeout_s=_READY_S, running=children,
            )  # fmt: skip
            until(
                lambda: self.score.times_logged("following") > 0,
                what="the start of score", timeout_s=_READY_S, running=children,
            )  # fmt: skip
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def put_lessons(self, lesson_utc_ns: int) -> None:
        """One lesson a room, exactly as long as the room sends."""
        plan = self._plan
        with closing(open_lesson_store(self._data)) as lessons:
            for room in range(plan.rooms):
                starts_ns = lesson_utc_ns + plan.offset_ns(room)
                lessons.put(
                    Lesson(
                        id=lesson_id(room), room=room_name(room), teacher="load", title="load",
                        starts_utc_ns=starts_ns,
                        ends_utc_ns=starts_ns + plan.periods * 1_000_000_000, source="timetable",
                    )
                )  # fmt: skip

    def pids(self) -> dict[str, int]:
        """The programs that run, by name."""
        children = (self.broker, self.ingest, self.score)
        return {child.name: child.pid for child in children if child.is_running}

    def reader(self) -> PeriodReader:
        return open_period_reader(self._data)

    def scores(self) -> ScoreStore:
        return open_score_store(self._data)


class FaultSchedule:
    """Causes the plan's faults at their seconds, and ends them; it never waits for long."""

    def __init__(self, plan: LoadPlan, server: LoadServer, report: Callable[[str], None]) -> None:
        self._server = server
        self._report = report
        steps: list[tuple[float, Callable[[], None], str]] = []
        for fault in plan.faults:
            begin, end = self._acts(fault)
            steps.append((fault.at_s, begin, f"{fault.kind}, for {fault.for_s} s"))
            steps.append((fault.at_s + fault.for_s, end, f"{fault.kind} is over"))
        self._steps = sorted(steps, key=lambda step: step[0])
        self.is_down: set[str] = set()
        """Programs that are down on purpose."""

    def follow(self, now_s: float) -> None:
        """Do what is due, in seconds after the start."""
        while self._steps and self._steps[0][0] <= now_s:
            _, act, what = self._steps.pop(0)
            self._report(what)
            act()

    def _acts(self, fault: Fault) -> tuple[Callable[[], None], Callable[[], None]]:
        server = self._server
        if fault.kind == "slow-link":
            proxy = server.proxy
            assert proxy is not None
            return lambda: proxy.set_state("slow"), lambda: proxy.set_state("fine")
        child = {
            "broker-restart": server.broker,
            "ingest-kill": server.ingest,
            "score-kill": server.score,
        }[fault.kind]

        def begin() -> None:
            self.is_down.add(child.name)
            child.kill()

        def end() -> None:
            child.start()
            self.is_down.discard(child.name)

        return begin, end
