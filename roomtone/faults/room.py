"""A room for faults: virtual hubs with traces, one real edge agent, one lesson."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Self

from contract.clock import SECOND_NS, ScaledClock
from ingest.stores.protocol import PeriodReader
from roomtone.audit.expected import AuditLine
from roomtone.audit.kept_runs import KeptRun, kept_runs
from roomtone.audit.oracle import AuditResult, Blind, audit_room
from roomtone.demo.programs import roomtone_command
from roomtone.demo.settings_files import clock_option, toml
from roomtone.faults.children import Child, until
from roomtone.faults.server import READY_S, SITE, Server
from school import open_lesson_store
from school.lessons.records import Lesson
from simulators.classroom import Classroom
from simulators.hubs.trace import LineTrace
from simulators.hubs.virtual_hub import LinkFaults, VirtualHub, running
from simulators.scenario import Room, Scenario

__all__ = ["SPILL_S", "FaultRoom", "RoomPlan", "unheard"]

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
_NEVER_CAME: Final = re.compile(
    r"(?P<hub>\S+): \d+ samples between (?P<after>\d+) and (?P<before>\d+) ms of the boot clock "
    r"never came\."
)
"""The edge's log line about a hole in a hub's ticks: nothing of it was received."""


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
def _classroom(hubs: tuple[int, ...], rate_hz: int, minutes: float, seed: int) -> Classroom:
    scenario = Scenario(room=Room(hubs=hubs, empty_seats=0, late_comers=0))
    sensors = scenario.sensors.model_copy(update={"dropouts": 0.0, "rate_hz": rate_hz})
    scenario = scenario.lasting(minutes).model_copy(update={"sensors": sensors})
    return Classroom(scenario, seed)


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
        self.config.write_text(self._edge_toml(), encoding="utf-8")
        self.edge.command = roomtone_command(
            "edge", "--config", str(self.config), *clock_option(self.clock)
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.reopen()
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
    def classroom(self) -> Classroom:
        plan = self.plan
        return _classroom(plan.hubs, plan.rate_hz, plan.minutes, plan.seed)

    @property
    def waiting(self) -> list[Path]:
        """The files in the edge's outbox, the oldest first."""
        return sorted(self.outbox.glob("*.outbox"))

    @property
    def now_s(self) -> int:
        """The current second of the boot clock."""
        return self.clock.boot_ns() // SECOND_NS

    def begin(self) -> None:
        """Start the edge, wait for its hubs, and start a lesson."""
        self.edge.start()
        self.wait_for_hubs()
        self.put_lesson()

    def note_greeting(self, last_s: int) -> None:
        """Record as blind the seconds until the newest run had greeted its hubs.

        What hubs send before is not received.
        """
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

        self.until(are_up, what="a birth with all hubs", timeout_s=READY_S)

    def until(self, is_so: Callable[[], bool], *, what: str, timeout_s: float = _DRAIN_S) -> None:
        """Wait until `is_so`, as long as the edge runs."""
        until(is_so, what=what, timeout_s=timeout_s, running=[self.edge])

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

    def wait_until_caught_up(self, timeout_s: float = _DRAIN_S) -> None:
        """Wait until all data is kept, including the current second, and none is on the edge's disk."""
        now_s, lag_s = self.now_s, round(_LAG_S * self.plan.speed)
        self.until(
            lambda: not self.waiting and self.newest_s() >= max(now_s, self.now_s - lag_s),
            what="the missing data",
            timeout_s=timeout_s,
        )

    def finish(self) -> None:
        """End the lesson, wait for all data, and stop the edge."""
        if not self.ends_s:
            self.end_lesson()
        self.wait_for_end()
        self.until(lambda: self.newest_s() >= self.ends_s - 1, what="the last of the lesson")
        self.drain_and_stop()

    def drain(self) -> None:
        """Wait until nothing is left on the edge's disk."""
        self.until(lambda: not self.waiting, what="the end of the backlog")

    def drain_and_stop(self) -> None:
        """After sampling has ended: wait until the outbox is empty, and stop the edge."""
        self.drain()
        self.edge.stop()
        until(self._has_final_count, what="the edge's last count", timeout_s=_DRAIN_S)

    def _has_final_count(self) -> bool:
        """Whether the newest run's last health is in the store."""
        streams = self.reader.streams(self.name)
        health = self.reader.health(streams[-1].id) if streams else None
        return health is not None and health.is_finished

    def lines(self) -> list[AuditLine]:
        """What went over each hub's line so far."""
        found = []
        for i, (signal, trace) in enumerate(
            zip(self.classroom.hub_signals(), self.traces, strict=True)
        ):
            samples, levels = trace.samples(), trace.levels()
            found.append(
                AuditLine(
                    name=f"hub-{i}",
                    seats=signal.seat_numbers,
                    rate_hz=signal.sample_rate_hz,
                    counts_per_g=signal.counts_per_g,
                    times=samples.times,
                    counts=samples.counts,
                    level_times=levels.times,
                    levels=levels.hundredths,
                )
            )
        return found

    def judge(self, found: AuditResult, only: Collection[int] | None = None) -> None:
        """Audit this room at rest, and add the result to `found`; `only` selects its runs."""
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
        audit_room(
            runs=runs,
            lines=self.lines(),
            sensed=[(starts_s, ends_s)],
            blind=[*self.blind, *unheard(self.edge.log)],
            earlier=self.earlier,
            max_shift_s=_DATING_ERROR_S * self.plan.speed,
            found=found,
        )

    def _edge_toml(self) -> str:
        """The edge's settings, with shorter timers."""
        outbox_table: dict[str, object] = {"dir": str(self.outbox)}
        if self.plan.max_outbox_bytes:
            outbox_table["max_bytes"] = self.plan.max_outbox_bytes
        return toml(
            {"site": SITE, "room": self.name, "node": self.node},
            broker={"port": self.server.edge_net.port, "keepalive_s": 5},
            outbox=outbox_table,
            sound={"source": "hub"},
            limits={"max_buffered_s": self._max_buffered_s()},
            delivery={"spill_s": SPILL_S, "ack_timeout_s": ACK_TIMEOUT_S, "watchdog_s": 5.0},
            hubs=[
                {"name": hub.hub_id, "port": hub.path, "seats": seats}
                for hub, seats in zip(self.hubs, self.classroom.scenario.hub_seats, strict=True)
            ],
        )

    def _max_buffered_s(self) -> int:
        """Twice the data that arrives while a second waits for a late hub."""
        fits = round(2 * _GRACE_S * self.plan.speed)
        return min(max(_MIN_BUFFERED_S, fits), _MAX_BUFFERED_S)

    def _start_hubs(self) -> None:
        start_s = self.now_s
        for i, signal in enumerate(self.classroom.hub_signals()):
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
            self.hubs.append(hub)
            self.traces.append(trace)
        self._cleanup.enter_context(running(self.hubs))

    def _put(self, *, ends_s: int | None) -> None:
        zero_ns = self.clock.boot_zero_utc_ns()
        lesson = Lesson(
            id=f"{self.name}-lesson",
            room=self.name,
            teacher="fault-teacher",
            title=self.name,
            starts_utc_ns=zero_ns + self.starts_s * SECOND_NS,
            ends_utc_ns=None if ends_s is None else zero_ns + ends_s * SECOND_NS,
            source="button",
            zones=self.classroom.scenario.zones,
        )
        with closing(open_lesson_store(self.server.data)) as store:
            store.put(lesson)


def unheard(log: Path) -> list[Blind]:
    """The samples that a hub sent and the edge never received, from the log of all its runs.

    Sampled means that the edge received good frames. It knows missing samples from the hub's ticks,
    and logs them. What it received but did not use is not logged in this way, and stays lost.
    """
    text = log.read_text(encoding="utf-8", errors="replace")
    return [
        Blind(
            first_s=int(found["after"]) // 1000,
            last_s=int(found["before"]) // 1000,
            why="frames missing by the hub's ticks",
            line=found["hub"],
        )
        for found in _NEVER_CAME.finditer(text)
    ]
