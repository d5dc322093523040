"""All programs of Roomtone on one machine, with virtual hubs in place of the sensors.

The hubs run in threads of this process. Broker, edge, ingest, score and dashboard are the real
programs in their own processes, connected as in a school: serial bytes, MQTT, HTTP.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from contract.clock import SECOND_NS, ScaledClock
from contract.lesson import Activity, Zone
from contract.quantities.motion import MIN_SHARE
from contract.settings import BrokerSettings
from dashboard_api.web.access import COOKIE
from ingest.stores import open_period_reader, open_score_store
from ingest.stores.protocol import PeriodReader
from ingest.stores.records import AlertRecord, EpochRecord
from roomtone.demo.broker import broker_command, free_port
from roomtone.demo.page_port import fetch, is_taken, serve_pages
from roomtone.demo.programs import ProgramError, Programs
from roomtone.demo.settings_files import broker_table, clock_option, server_toml, toml
from school import open_school
from school.audit.actor import Actor
from school.lessons.records import Lesson
from school.people.demo import DemoName, add_demo_people
from simulators.hubs.virtual_hub import HubSignal, VirtualHub, running

__all__ = ["SITE", "Chain", "PlannedHub", "PlannedLesson"]

SITE: Final = "demo"
NODE: Final = "pi-1"
_READY_S: Final = 60.0
_DRAIN_S: Final = 120.0
_FIRST_LEAD_S: Final = 4.0
_MAX_LEAD_S: Final = 32.0
_POLL_S: Final = 0.05
_SHARED_NS: Final = 14 * 86_400 * SECOND_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedHub:
    """A virtual hub and the room's numbers of its seats."""

    name: str
    signal: HubSignal
    seats: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLesson:
    """The lesson to play: `duration_s` simulated seconds, starting at `starts_utc_ns`."""

    room: str
    teacher: str
    title: str
    hubs: tuple[PlannedHub, ...]
    zones: tuple[Zone, ...]
    activities: tuple[Activity, ...]
    starts_utc_ns: int
    duration_s: int
    time_zone: str = "UTC"

    @property
    def ends_utc_ns(self) -> int:
        return self.starts_utc_ns + self.duration_s * SECOND_NS


class Chain:
    """Starts everything, plays the lesson, and stops everything.

    A context manager; `report` gets one line for each event.
    """

    def __init__(
        self,
        plan: PlannedLesson,
        *,
        folder: Path,
        speed: float,
        choose_port: Callable[[], int],
        report: Callable[[str], None],
    ) -> None:
        self.plan = plan
        self.page_port = 0
        self._choose_port = choose_port
        self.lesson = f"{plan.room}-{time.time_ns() // SECOND_NS:x}"
        self._folder = folder
        self._data = folder / "data"
        self._speed = speed
        self._report = report
        self._programs = Programs(folder / "logs")
        self._cleanup = ExitStack()
        self._hubs_running = ExitStack()
        self._hubs: list[VirtualHub] = []
        self.clock: ScaledClock
        """The simulated room's clock; set by `begin`."""
        self.broker = BrokerSettings(port=free_port())
        """How to reach the broker, after `start`."""
        self.cookie = ""
        """Of the demo's teacher."""

    def __enter__(self) -> Self:
        self._cleanup.callback(self._programs.stop_all)
        self._cleanup.push(self._hubs_running)
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    @property
    def page(self) -> str:
        """The address of the pages."""
        return f"http://127.0.0.1:{self.page_port}"

    @property
    def config(self) -> Path:
        """The server's settings."""
        return self._folder / "server.toml"

    def reader(self) -> PeriodReader:
        """A reader of the store, during or after the run."""
        return open_period_reader(self._data)

    def start(self) -> None:
        """Start the broker, ingest and the scorer."""
        self._folder.mkdir(parents=True, exist_ok=True)
        name, command = broker_command(
            python=sys.executable, port=self.broker.port, folder=self._folder
        )
        # amqtt does not answer a client that connects with MQTT 5.
        if name == "amqtt":
            self.broker = self.broker.model_copy(update={"protocol": "3.1.1"})
        self._programs.start("broker", command)
        self._report(f"broker     {name} on 127.0.0.1:{self.broker.port}")
        self._programs.wait_until(
            lambda: is_taken(self.broker.port), what="an answer from the broker", timeout_s=_READY_S
        )
        config = self.config
        config.write_text(
            server_toml(
                site=SITE,
                data_dir=self._data,
                broker=self.broker,
                time_zone=self.plan.time_zone,
                videos=self._folder / "videos",
            ),
            encoding="utf-8",
        )
        for program, does in (
            ("ingest", f"keeps into {self._data}"),
            ("score", "follows the store"),
        ):
            self._programs.start_ours(program, "--config", str(config))
            self._report(f"{program:<10} {does}")
        self._programs.wait_until(
            (self._data / "main.db").exists, what="the start of ingest", timeout_s=_READY_S
        )

    def begin(self) -> None:
        """Start hubs and edge in time for the lesson, then the pages.

        The lesson's clock must be set before the edge starts. If the edge is not ready before the
        lesson begins, everything is started again with twice the lead time.
        """
        lead_s = _FIRST_LEAD_S
        while True:
            self._set_clock(lead_s)
            self._put_lesson()
            self._start_hubs()
            config = self._folder / "edge.toml"
            config.write_text(self._edge_toml(), encoding="utf-8")
            self._programs.start_ours("edge", "--config", str(config), *clock_option(self.clock))
            if self._is_ready_in_time():
                break
            self._programs.stop("edge")
            self._hubs_running.close()
            lead_s *= 2
            if lead_s > _MAX_LEAD_S:
                raise ProgramError(
                    f"The edge did not find its hubs within {lead_s / 2:.0f} s "
                    f"(its log is {self._programs.logs / 'edge.log'})."
                )
            self._report("edge       was not ready in time; starting it again with more time")
        seats = sum(len(hub.seats) for hub in self.plan.hubs)
        self._report(f"hubs       {len(self.plan.hubs)} on pseudo-terminals, {seats} seats")
        self._report(
            f"edge       node {NODE} in room {self.plan.room}, {self._speed:g} times as fast"
        )
        # Chosen only now: a port that was free at the start may be taken by now.
        self.page_port = serve_pages(
            self._programs, "--config", str(self.config), *clock_option(self.clock),
            "--demo", lesson=self.lesson, cookie=self.cookie, choose=self._choose_port,
            report=self._report,
        )  # fmt: skip
        self._report(f"dashboard  serves {self.page}")

    def play(self, progress: Callable[[float, int], None]) -> None:
        """Wait for the lesson's end; `progress` gets its elapsed seconds and the kept periods."""
        with closing(self.reader()) as reader:
            while (left_ns := self.plan.ends_utc_ns - self.clock.utc_ns()) > 0:
                self._programs.check()
                progress(self.plan.duration_s - left_ns / SECOND_NS, _kept(reader, self.plan.room))
                time.sleep(min(0.5, max(left_ns / SECOND_NS / self._speed, 0.01)))

    def stop_edge(self) -> None:
        """Stop the edge as a person would, and wait until ingest has its last message."""
        # The last period closes a moment after its end; the edge waits for it.
        self._programs.stop("edge", timeout_s=_DRAIN_S)
        self._hubs_running.close()
        with closing(self.reader()) as reader:
            self._programs.wait_until(
                lambda: all(
                    (health := reader.health(stream.id)) is not None and health.is_finished
                    for stream in reader.streams(self.plan.room)
                ),
                what="the edge's last count to arrive",
                timeout_s=_DRAIN_S,
            )
            newest = reader.newest_cursor()
        with closing(open_score_store(self._data)) as scores:
            self._programs.wait_until(
                lambda: scores.cursor() >= newest,
                what="the last epoch to be scored",
                timeout_s=_DRAIN_S,
            )

    def scores(self) -> tuple[list[EpochRecord], list[AlertRecord]]:
        """The lesson's epochs and alerts."""
        with closing(open_score_store(self._data)) as store:
            return store.epochs(self.lesson), store.alerts(self.lesson)

    def due_seat_seconds(self) -> int:
        """Seat-seconds of the lesson for which the hubs sent enough samples.

        This is the hubs' own count, to check the edge's count against.
        """
        first = self.clock.anchor_ns // SECOND_NS
        lesson = range(first, first + self.plan.duration_s)
        due = 0
        for planned, hub in zip(self.plan.hubs, self._hubs, strict=True):
            least = MIN_SHARE * planned.signal.sample_rate_hz
            sent = hub.trace().sent
            due += sum(int((sent[second] >= least).sum()) for second in lesson if second in sent)
        return due

    def sign_in_page(self, name: DemoName) -> str:
        """The address that opens the lesson for one of the demo's people."""
        return f"{self.page}/demo/{name}?next=/lessons/{self.lesson}"

    def fetch(self, path: str) -> bytes:
        """Fetch a page as a browser does; raises ProgramError if it is not served."""
        return fetch(self.page + path, self.cookie)

    def _set_clock(self, lead_s: float) -> None:
        # A whole second of the boot clock, so that the lesson begins with a period.
        anchor_s = -(-(time.monotonic_ns() + round(lead_s * SECOND_NS)) // SECOND_NS)
        self.clock = ScaledClock(
            speed=self._speed,
            anchor_ns=anchor_s * SECOND_NS,
            utc_at_anchor_ns=self.plan.starts_utc_ns,
        )

    def _put_lesson(self) -> None:
        starts_ns = self.plan.starts_utc_ns
        by = Actor(name="roomtone demo", utc_ns=time.time_ns())
        with closing(open_school(self._data)) as school:
            people = add_demo_people(school.people, by)
            school.sharing.tie_name(self.plan.teacher, people["teacher"].id, by)
            school.lessons.put(
                Lesson(
                    id=self.lesson,
                    room=self.plan.room,
                    teacher=self.plan.teacher,
                    title=self.plan.title,
                    starts_utc_ns=self.plan.starts_utc_ns,
                    ends_utc_ns=self.plan.ends_utc_ns,
                    source="button",
                    activities=self.plan.activities,
                    zones=self.plan.zones,
                )
            )
            school.sharing.share(
                self.lesson, people["coach"].id, by, until_utc_ns=starts_ns + _SHARED_NS
            )  # fmt: skip
            token = school.people.start_session(
                people["teacher"].id, "roomtone demo", time.time_ns()
            )
            self.cookie = f"{COOKIE}={token}"

    def _start_hubs(self) -> None:
        self._hubs = [
            VirtualHub(
                signal=planned.signal,
                clock=self.clock,
                hub_id=planned.name,
                start_ns=self.clock.anchor_ns,
            )
            for planned in self.plan.hubs
        ]
        self._hubs_running.enter_context(running(self._hubs))

    def _edge_toml(self) -> str:
        has_sound = any(hub.signal.levels(0, 1) is not None for hub in self.plan.hubs)
        return toml(
            {"site": SITE, "room": self.plan.room, "node": NODE},
            broker=broker_table(self.broker),
            outbox={"dir": str(self._folder / "outbox")},
            sound={"source": "hub" if has_sound else "none"},
            hubs=[
                {"name": planned.name, "port": hub.path, "seats": planned.seats}
                for planned, hub in zip(self.plan.hubs, self._hubs, strict=True)
            ],
        )

    def _is_ready_in_time(self) -> bool:
        """Whether the node has found all hubs and has its timetable before the lesson begins."""
        names = {hub.name for hub in self.plan.hubs}
        with closing(self.reader()) as reader:
            while self.clock.elapsed_until(self.clock.anchor_ns) > 0:
                self._programs.check()
                births = [reader.birth(stream.id) for stream in reader.streams(self.plan.room)]
                found = [{h.hub for h in b.hubs if h.sample_rate_hz} for b in births if b]
                if names in found:
                    return True
                time.sleep(_POLL_S)
        return False


def _kept(reader: PeriodReader, room: str) -> int:
    """Number of periods with values: periods in the ledger minus those in gaps."""
    stream_ids = [stream.id for stream in reader.streams(room)]
    every = [gap for stream_id in stream_ids for gap in reader.gaps(stream_id) if not gap.line]
    gaps = sum(gap.last_seq - gap.first_seq + 1 for gap in every)
    return sum(len(reader.kept(stream_id)) for stream_id in stream_ids) - gaps
