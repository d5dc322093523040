"""Our chain behind the broker: one ingest process and the files that it keeps."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty

import numpy as np
from bench_store import timed
from support.child_process import child, cpu_s
from support.kits_link import kits_link

from contract.clock import SECOND_NS
from contract.mqtt.link import MqttLink, Received
from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES, decode
from contract.topics import Topic, ingest_state
from contract.wire.messages import Ack, Birth, IngestState, Timebase
from ingest.stores import open_period_reader, open_period_store, open_score_store
from ingest.stores.protocol import PeriodReader, ScoreStore
from ingest.stores.records import EpochRecord, ZoneEpoch
from peers.engine import allocated_bytes
from peers.plan import CPU_TICK_S, READ_S, Figures, Plan
from peers.readings import EPOCH_S, RUN, SITE, STARTS_S, TERM_ZONES, Readings, Term, data_topic
from roomtone.demo.broker import broker_command, free_port

_MAX_UNACKED = 1_800
_WAIT_S = 60.0


@dataclass
class Kits:
    """All kits in one connection: each message is held until ingest has acknowledged it."""

    link: MqttLink
    readings: Readings
    held: dict[int, deque[int]] = field(default_factory=dict)
    """Room → the seconds that ingest has not acknowledged, in order."""
    unacked: int = 0
    ingest_started: int = 0
    """When the newest ingest that is up began."""

    def introduce(self, plan: Plan) -> None:
        """Births and dates, as kits send them."""
        self.wait_for_ingest()
        for room in range(plan.rooms):
            birth = Birth(
                node=f"kit-{room}", run=RUN, boot=f"boot-{room}", software="bench",
                period_ns=SECOND_NS, run_boot_ns=100 * SECOND_NS, hubs=(),
                seat_codes=tuple(q.code for q in SEAT_QUANTITIES),
                room_codes=tuple(q.code for q in ROOM_QUANTITIES), units={}, synchronised=True,
            )  # fmt: skip
            date = Timebase(
                node=f"kit-{room}", run=RUN, boot=f"boot-{room}", boot_ns=100 * SECOND_NS,
                utc_ns=STARTS_S * SECOND_NS, error_ns=0, synchronised=True,
            )  # fmt: skip
            self._publish(str(Topic(SITE, f"r{room}", f"kit-{room}", "state")), birth.encode())
            self._publish(str(Topic(SITE, f"r{room}", f"kit-{room}", "timebase")), date.encode())

    def wait_for_ingest(self) -> None:
        """Until an ingest that started after the last one says that it is up."""
        before = self.ingest_started
        self._take(lambda: self.ingest_started > before)

    def send(self, messages: Iterable[tuple[int, int]], rate: float | None = None) -> None:
        """Send, and wait while too much is not acknowledged."""
        began = time.perf_counter()
        for number, message in enumerate(messages):
            if rate is not None:
                time.sleep(max(0.0, began + number / rate - time.perf_counter()))
            if self.unacked >= _MAX_UNACKED:
                self._take(lambda: self.unacked < _MAX_UNACKED // 2)
            room, second = message
            self.held.setdefault(room, deque()).append(second)
            self.unacked += 1
            self._publish(data_topic(room), self.readings.batch(room, second))

    def send_again(self) -> None:
        """What was not acknowledged, as kits do once ingest is up again."""
        held = [(room, second) for room, seconds in self.held.items() for second in seconds]
        self.held.clear()
        self.unacked = 0
        self.send(held)

    def wait_until_kept(self) -> None:
        self._take(lambda: not self.unacked)

    def _publish(self, topic: str, payload: bytes) -> None:
        while not self.link.publish(topic, payload):
            time.sleep(0.002)

    def _take(self, is_enough: Callable[[], bool]) -> None:
        until = time.monotonic() + _WAIT_S
        while not is_enough():
            try:
                event = self.link.events.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                raise SystemExit("ingest did not answer in time") from None
            if not isinstance(event, Received):
                continue
            self.link.acknowledge(event)
            if event.topic == ingest_state(SITE):
                state = IngestState.decode(event.payload)
                self.ingest_started = max(self.ingest_started, state.is_up * state.started_utc_ns)
            elif event.topic.endswith("/ack"):
                self._note(int(Topic.parse(event.topic).room[1:]), Ack.decode(event.payload))

    def _note(self, room: int, ack: Ack) -> None:
        last = ack.above[-1][1] if ack.above else ack.without_hole
        held = self.held.get(room, deque())
        while held and held[0] <= last:
            held.popleft()
            self.unacked -= 1


def measure_ours(readings: Readings, plan: Plan, folder: Path) -> Figures:
    """All figures of ingest, in the order in which the databases have theirs."""
    figures: Figures = {}
    data, port = folder / "data", free_port()
    _, broker = broker_command(python=sys.executable, port=port, folder=folder)
    config = folder / "server.toml"
    config.write_text(
        f'site = "{SITE}"\ndata_dir = "{data}"\n[broker]\nport = {port}\n'
        # The readings have a date of their own, and nobody looks at /metrics.
        "[ingest]\nmax_clock_error_s = 0\nhealth_port = 0\n",
        encoding="utf-8",
    )
    ingest = [sys.executable, "-P", "-m", "roomtone", "ingest", "--config", str(config)]
    with child(broker), connected(port, readings) as kits:
        with child(ingest) as process:
            kits.introduce(plan)
            kits.send(plan.before())
            kits.wait_until_kept()
            cpu, wall = cpu_s(process.pid), time.perf_counter()
            kits.send(plan.measured(), plan.rate)
            kits.wait_until_kept()
            used, wall = max(CPU_TICK_S, cpu_s(process.pid) - cpu), time.perf_counter() - wall
            with closing(open_period_reader(data)) as reader:
                figures |= read_minutes(reader, plan)
        sealing = seal(data)
        figures["values_per_cpu_s"] = plan.measured_values / used
        figures["values_per_cpu_s_at_rest"] = plan.measured_values / (
            used + sealing * plan.measured_values / plan.values
        )
        figures["values_per_s"] = plan.measured_values / wall
        figures["bytes_a_value"] = at_rest(data) / plan.values
        with closing(open_period_reader(data)) as reader:
            figures |= read_lesson_ms(reader, plan)
        figures |= term_ms(data, plan.term)
        figures |= killed(ingest, kits, plan, data)
    return figures


@contextmanager
def connected(port: int, readings: Readings) -> Iterator[Kits]:
    with kits_link(port, SITE) as link:
        yield Kits(link=link, readings=readings)


def killed(ingest: list[str], kits: Kits, plan: Plan, data: Path) -> Figures:
    """SIGKILL for ingest amid live readings; what the store has afterwards."""
    messages = plan.killed()
    middle = len(messages) // 2
    with child(ingest) as process:
        kits.wait_for_ingest()
        kits.send(messages[:middle], plan.live_rate)
        process.kill()
        process.wait()
    with child(ingest):
        kits.wait_for_ingest()
        kits.send_again()
        kits.send(messages[middle:], plan.live_rate)
        kits.wait_until_kept()
    lost = doubled = 0
    first, last = messages[0][1], messages[-1][1]
    with closing(open_period_reader(data)) as reader:
        for room in range(plan.rooms):
            (stream,) = reader.streams(f"r{room}")
            found = [s for p in reader.read(stream.id, first, last) for s in p.seqs.tolist()]
            lost += last - first + 1 - len(set(found))
            doubled += len(found) - len(set(found))
    return {"killed_sent": len(messages), "killed_lost": lost, "killed_doubled": doubled}


def seal(data: Path) -> float:
    """Move all into day files, as ingest does after ten minutes; the CPU seconds that it took."""
    with closing(open_period_store(data)) as store:
        began = time.process_time()
        while store.seal(before_utc_ns=(STARTS_S + 30 * 86_400) * SECOND_NS):
            pass
        return time.process_time() - began


def at_rest(data: Path) -> int:
    """The day files, and what main.db holds; pages that wait to be used again are not counted."""
    with closing(sqlite3.connect(data / "main.db")) as database:
        pages, free, size = (
            database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
    return allocated_bytes(data / "days") + int((pages - free) * size)


def floats(reader: PeriodReader, room: str, span: tuple[int, int]) -> list[np.ndarray]:
    """Seat values (n, quantities, seats) and room values (n, quantities) of a span, as a page does."""
    (stream,) = reader.streams_between(room, span[0] * SECOND_NS, span[1] * SECOND_NS)
    found = []
    for periods in reader.read(stream.id, span[0] - STARTS_S, span[1] - 1 - STARTS_S):
        seats = len(periods.layout.seats)
        of_seats = periods.values[:, : seats * len(SEAT_QUANTITIES)]
        by_seat = of_seats.reshape(len(of_seats), len(SEAT_QUANTITIES), seats).transpose(0, 2, 1)
        found.append(decode(by_seat, "seat"))
        found.append(decode(periods.values[:, seats * len(SEAT_QUANTITIES) :], "room"))
    return found


def read_minutes(reader: PeriodReader, plan: Plan) -> Figures:
    span = plan.last_minutes
    values = sum(int(np.isfinite(v).sum()) for v in floats(reader, "r0", span))
    return {
        "read_room_values": values,
        "read_room_ms": timed(lambda: floats(reader, "r0", span), READ_S),
    }


def read_lesson_ms(reader: PeriodReader, plan: Plan) -> Figures:
    def buckets() -> int:
        found = floats(reader, "r0", plan.lesson)
        seats = np.concatenate([v[:, :, 0] for v in found[::2]])
        levels = np.concatenate([v[:, :1] for v in found[1::2]])
        both = np.concatenate([seats, levels], axis=1)
        n = len(both) // plan.bucket_s
        known = np.isfinite(both := both[: n * plan.bucket_s].reshape(n, plan.bucket_s, -1))
        counts = known.sum(axis=1)
        means = np.where(known, both, 0).sum(axis=1) / np.maximum(counts, 1)
        return int(np.isfinite(means[counts > 0]).sum())

    return {"read_lesson_values": buckets(), "read_lesson_ms": timed(buckets, READ_S)}


def term_ms(data: Path, term: Term) -> Figures:
    """A term of scored lessons, each one's mean."""
    with closing(open_score_store(data)) as scores:
        for lesson in range(term.lessons):
            scores.commit(cursor=lesson + 1, epochs=list(epochs(term, lesson)))
        known = [f"l{lesson}" for lesson in range(term.lessons)]
        mean = sum(means(scores, known).values()) / term.lessons
        return {
            "read_term_mean": mean,
            "read_term_ms": timed(lambda: means(scores, known), READ_S),
        }


def epochs(term: Term, lesson: int) -> Iterator[EpochRecord]:
    for number, row in enumerate(term.off_task(lesson).tolist()):
        yield EpochRecord(
            lesson=f"l{lesson}", stream_id=1, first_seq=number * EPOCH_S, model="bench",
            utc_ns=(term.start_s(lesson) + number * EPOCH_S) * SECOND_NS,
            zones=tuple(
                ZoneEpoch(
                    zone=zone, seats=7, movement_db=1.0, movement_low_db=0.0,
                    movement_high_db=2.0, off_task=p, off_task_low=p * 0.8,
                    off_task_high=1 - (1 - p) * 0.8,
                )
                for zone, p in zip(TERM_ZONES, row, strict=True)
            ),
        )  # fmt: skip


def means(scores: ScoreStore, lessons: list[str]) -> dict[str, float]:
    return {each: float(scores.room_levels(each, each=EPOCH_S).off_task.mean()) for each in lessons}
