"""A room for faults: virtual hubs with traces, one real edge agent, one lesson."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from contract.clock import SECOND_NS, ScaledClock
from contract.lesson import Zone
from ingest.stores.protocol import PeriodReader
from roomtone.audit.expected import AuditLine
from roomtone.audit.kept_runs import KeptRun, kept_runs
from roomtone.audit.oracle import AuditResult, Blind, audit_room
from roomtone.demo.toml import lines, toml
from roomtone.faults.children import Child, until
from roomtone.faults.server import READY_S, SITE, Server
from roomtone.faults.unheard import unheard
from school import open_lesson_store
from school.lessons.records import Lesson
from simulators.classroom import Classroom
from simulators.hubs.trace import LineTrace
from simulators.hubs.virtual_hub import HubSignal, LinkFaults, VirtualHub
from simulators.scenario import Room, Scenario

__all__ = ["SPILL_S", "FaultRoom", "RoomPlan"]

SPILL_S: Final = 1.5
ACK_TIMEOUT_S: Final = 2.0
_LEAD_S: Final = 1.2
"""Real time from declaring a lesson to its start or end; ingest polls twice a second."""
_DRAIN_S: Final = 60.0
_GRACE_S: Final = 6.0
_MIN_BUFFERED_S: Final = 128
_MAX_BUFFERED_S: Final = 3_600
_LAG_S: Final = 0.6
"""Maximum delay of the store that still counts as caught up, in real time."""
_DATING_ERROR_S: Final = 0.010
"""Maximum error of a tick's date, in real time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomPlan:
    """What a fault needs of its room."""

    speed: float = 20.0
    hubs: tuple[int, ...] = (5, 5)
    rate_hz: int = 50
    seed: int = 1
    minutes: float = 60.0
    past_s: int = 0
    """How far the room's time is in the past."""
    drift_ppm: float = 0.0
    link: LinkFaults | None = None
    outbox: Path | None = None
    max_outbox_bytes: int | None = None
    node: str | None = None
    """None: the room's name, because a node's name is unique in a school."""
    clock: ScaledClock | None = None
    """None: the room makes its own."""


@lru_cache(maxsize=2)
def _signals(
    hubs: tuple[int, ...], rate_hz: int, minutes: float, seed: int
) -> tuple[HubSignal, ...]:
    scenario = Scenario(room=Room(hubs=hubs, empty_seats=0, late_comers=0))
    sensors = scenario.sensors.model_copy(update={"dropouts": 0.0, "rate_hz": rate_hz})
    scenario = scenario.lasting(minutes).model_copy(update={"sensors": sensors})
    return tuple(Classroom(scenario, seed).hub_signals())


class FaultRoom:
    """One node in its own room on a server; a context manager."""

    def __init__(self, name: str, server: Server, plan: RoomPlan, *, folder: Path) -> None:
        self.name = name
        self.server = server
        self.plan = plan
        self.folder = folder
        self.outbox = plan.outbox or folder / "outbox"
        self.node = plan.node or name
        self.blind: list[Blind] = []
        self.earlier: list[KeptRun] = []
        """The runs in the store before the damage."""
        self.config = folder / "edge.toml"
        self.edge = Child("edge", [], log=folder / "edge.log")
        self.clock = ScaledClock(speed=plan.speed, anchor_ns=0, utc_at_anchor_ns=0)
        self.hubs: list[VirtualHub] = []
        self.traces: list[LineTrace] = []
        self.starts_s = 0
        self.ends_s = 0
        self.pressed_s: int | None = None
        """When a button was pressed to end the lesson."""
        self._cleanup = ExitStack()
        self._reader: PeriodReader | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        anchor_s = -(-time.monotonic_ns() // SECOND_NS)
        self.clock = self.plan.clock or ScaledClock(
            speed=self.plan.speed,
            anchor_ns=anchor_s * SECOND_NS,
            utc_at_anchor_ns=(time.time_ns() // SECOND_NS - self.plan.past_s) * SECOND_NS,
        )
        self._cleanup.callback(self.edge.end)
        self._start_hubs()
        self.config.write_text(self.edge_toml(), encoding="utf-8")
        self.edge.command = Child.ours(
            "edge", "--config", str(self.config), *self.clock_option(), log=self.edge.log
        ).command
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._reader is not None:
            self._reader.close()
        self._cleanup.close()

    @property
    def reader(self) -> PeriodReader:
        """The reader of the store; opened once."""
        if self._reader is None:
            self._reader = self.server.reader()
        return self._reader

    def reopen(self) -> None:
        """Close the reader, because the store's file has been replaced."""
        if self._reader is not None:
            self._reader.close()
        self._reader = None

    @property
    def now_s(self) -> int:
        """The current second of the boot clock."""
        return self.clock.boot_ns() // SECOND_NS

    def clock_option(self) -> tuple[str, str]:
        clock = self.clock
        return (
            "--simulated-clock",
            f"{clock.speed}:{clock.anchor_ns}:{clock.utc_at_anchor_ns}",
        )

    def begin(self) -> None:
        """Start the edge, wait for its hubs, and start a lesson."""
        self.edge.start()
        self.wait_for_hubs()
        self.put_lesson()

    def start_edge_again(self) -> None:
        """Start a new run of the edge; what hubs send before it has greeted them is not received."""
        runs = len(self.reader.streams(self.name)) + 1
        self.edge.start()
        self.wait_for_hubs(runs)
        self.note_greeting(self.now_s)

    def note_greeting(self, last_s: int) -> None:
        """Record as blind the seconds until the newest run has greeted its hubs."""
        stream = self.reader.streams(self.name)[-1]
        self.blind.append(
            Blind(
                first_s=stream.run_boot_ns // SECOND_NS,
                last_s=last_s,
                why="a new run greeted its hubs",
            )
        )

    def put_lesson(self) -> None:
        self.starts_s = self.now_s + round(_LEAD_S * self.plan.speed)
        self._put(ends_s=None)

    def wait_for_hubs(self, runs: int = 1) -> None:
        """Wait until the birth of the `runs`-th run names all hubs."""
        names = {f"hub-{i}" for i in range(len(self.plan.hubs))}

        def are_up() -> bool:
            streams = self.reader.streams(self.name)
            if len(streams) < runs:
                return False
            birth = self.reader.birth(streams[-1].id)
            return birth is not None and names == {
                hub.hub for hub in birth.hubs if hub.sample_rate_hz
            }

        until(are_up, what="a birth with all hubs", timeout_s=READY_S, running=[self.edge])

    def end_lesson(self, *, lead_s: float = _LEAD_S) -> None:
        """Set the lesson's end to `lead_s` of real time from now."""
        self.ends_s = self.now_s + round(lead_s * self.plan.speed)
        self._put(ends_s=self.ends_s)

    def wait_for_end(self) -> None:
        left_s = self.clock.elapsed_until(self.ends_s * SECOND_NS)
        time.sleep(max(0.0, left_s) + 0.1)

    def sample_for(self, real_s: float) -> None:
        """Wait until the lesson has run for `real_s` of real time."""
        begun_s = max(0.0, self.clock.elapsed_until(self.starts_s * SECOND_NS))
        time.sleep(begun_s + real_s)

    def newest_s(self) -> int:
        """The newest second in the store without a hole before it."""
        streams = self.reader.streams(self.name)
        if not streams:
            return -1
        stream = streams[-1]
        last = self.reader.kept(stream.id).without_hole()
        return -1 if last < 0 else stream.run_boot_ns // SECOND_NS + last

    def is_caught_up(self, until_s: int = 0) -> bool:
        """Whether all data until a moment ago is kept, and nothing waits on the edge's disk."""
        if list(self.outbox.glob("*.outbox")):
            return False
        return self.newest_s() >= max(until_s, self.now_s - round(_LAG_S * self.plan.speed))

    def wait_until_caught_up(self, timeout_s: float = _DRAIN_S) -> None:
        """Wait until all data is kept, including the current second."""
        now_s = self.now_s
        until(
            lambda: self.is_caught_up(now_s), what="the missing data", timeout_s=timeout_s,
            running=[self.edge],
        )  # fmt: skip

    def finish(self) -> None:
        """End the lesson, wait for all data, and stop the edge."""
        if not self.ends_s:
            self.end_lesson()
        self.wait_for_end()
        until(
            lambda: not list(self.outbox.glob("*.outbox")) and self.newest_s() >= self.ends_s - 1,
            what="the last of the lesson", timeout_s=_DRAIN_S, running=[self.edge],
        )  # fmt: skip
        self.edge.stop()
        until(self.has_final_count, what="the edge's last count", timeout_s=_DRAIN_S)

    def drain(self) -> None:
        """Wait until nothing is left on the edge's disk."""
        until(
            lambda: not list(self.outbox.glob("*.outbox")),
            what="the end of the backlog", timeout_s=_DRAIN_S, running=[self.edge],
        )  # fmt: skip

    def drain_and_stop(self) -> None:
        """After sampling has ended: wait until the outbox is empty, and stop the edge."""
        self.drain()
        self.edge.stop()
        until(self.has_final_count, what="the edge's last count", timeout_s=_DRAIN_S)

    def has_final_count(self) -> bool:
        """Whether the newest run's last health is in the store."""
        streams = self.reader.streams(self.name)
        health = self.reader.health(streams[-1].id) if streams else None
        return health is not None and health.is_finished

    def lines(self) -> list[AuditLine]:
        found = []
        seat = 1
        signals = self._signals()
        for i, (signal, trace) in enumerate(zip(signals, self.traces, strict=True)):
            samples, levels = trace.samples(), trace.levels()
            found.append(
                AuditLine(
                    name=f"hub-{i}",
                    seats=tuple(range(seat, seat + signal.seats)),
                    rate_hz=signal.sample_rate_hz,
                    counts_per_g=signal.counts_per_g,
                    times=samples.times,
                    counts=samples.counts,
                    level_times=levels.times,
                    levels=levels.hundredths,
                )
            )
            seat += signal.seats
        return found

    def judge(self, only: Collection[int] | None = None) -> AuditResult:
        """Audit this room at rest; `only` selects its runs."""
        runs = kept_runs(self.reader, self.name)
        runs = [run for run in runs if only is None or run.run in only]
        starts_s, ends_s = self.starts_s, self.ends_s
        for gap in runs[0].gaps if runs else ():
            # A lesson or a command takes effect after a moment; the same at its end.
            if gap.reason != "off":
                continue
            if gap.first_s <= starts_s <= gap.last_s < ends_s:
                starts_s = gap.last_s + 1
            elif self.pressed_s is not None and self.pressed_s <= gap.first_s < ends_s:
                ends_s = gap.first_s
        return audit_room(
            runs=runs,
            lines=self.lines(),
            sensed=[(starts_s, ends_s)],
            blind=[*self.blind, *unheard(self.edge.log)],
            earlier=self.earlier,
            max_shift_s=_DATING_ERROR_S * self.plan.speed,
        )

    def edge_toml(self) -> str:
        """The edge's settings, with shorter timers."""
        outbox_table: dict[str, object] = {"dir": str(self.outbox)}
        if self.plan.max_outbox_bytes:
            outbox_table["max_bytes"] = self.plan.max_outbox_bytes
        text = toml(
            {"site": SITE, "room": self.name, "node": self.node},
            broker={"port": self.server.edge_net.port, "keepalive_s": 5},
            outbox=outbox_table,
            sound={"source": "hub"},
            limits={"max_buffered_s": self._max_buffered_s()},
            delivery={"spill_s": SPILL_S, "ack_timeout_s": ACK_TIMEOUT_S, "watchdog_s": 5.0},
        )
        seat = 1
        for i, hub in enumerate(self.hubs):
            seats = list(range(seat, seat + self.plan.hubs[i]))
            text += "\n[[hub]]\n" + lines({"name": f"hub-{i}", "port": hub.path, "seats": seats})
            seat += len(seats)
        return text

    def _max_buffered_s(self) -> int:
        """Twice the data that arrives while a second waits for a late hub."""
        fits = round(2 * _GRACE_S * self.plan.speed)
        return min(max(_MIN_BUFFERED_S, fits), _MAX_BUFFERED_S)

    def _signals(self) -> tuple[HubSignal, ...]:
        plan = self.plan
        return _signals(plan.hubs, plan.rate_hz, plan.minutes, plan.seed)

    def _start_hubs(self) -> None:
        stop = threading.Event()
        signals = self._signals()
        start_s = self.now_s
        for i, signal in enumerate(signals):
            trace = LineTrace(seats=signal.seats)
            # The edge of a second is between two samples, so it is clear where a sample belongs.
            half_step_ns = round(SECOND_NS / signal.sample_rate_hz / 2)
            hub = VirtualHub(
                signal=signal,
                clock=self.clock,
                hub_id=f"hub-{i}",
                link=self.folder / f"tty-{i}",
                start_ns=start_s * SECOND_NS + half_step_ns,
                drift_ppm=self.plan.drift_ppm * (-1) ** i,
                faults=self.plan.link,
                seed=self.plan.seed + i,
                trace=trace,
            )
            hub.open()
            self.hubs.append(hub)
            self.traces.append(trace)
        threads = [
            threading.Thread(target=hub.run, args=(stop,), name=f"{self.name} {hub.hub_id}")
            for hub in self.hubs
        ]
        for thread in threads:
            self._cleanup.callback(thread.join)
        self._cleanup.callback(stop.set)
        for thread in threads:
            thread.start()

    def _put(self, *, ends_s: int | None) -> None:
        zero_ns = self.clock.boot_zero_utc_ns()
        seat, zones = 1, []
        for i, seats in enumerate(self.plan.hubs):
            zones.append(Zone(name=f"Table {i + 1}", seats=tuple(range(seat, seat + seats))))
            seat += seats
        lesson = Lesson(
            id=f"{self.name}-lesson",
            room=self.name,
            teacher="fault-teacher",
            title=self.name,
            starts_utc_ns=zero_ns + self.starts_s * SECOND_NS,
            ends_utc_ns=None,
            source="button",
            zones=tuple(zones),
        )
        if ends_s is not None:
            lesson = replace(lesson, ends_utc_ns=zero_ns + ends_s * SECOND_NS)
        with closing(open_lesson_store(self.server.data)) as store:
            store.put(lesson)
