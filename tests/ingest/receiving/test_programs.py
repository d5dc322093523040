"""The programs themselves, killed and stopped: what is kept and scored is as if nothing had been."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import numpy as np
import pytest

from contract.clock import ManualClock, SystemClock
from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES, encode
from contract.topics import ingest_state
from contract.wire.messages import Ack, IngestState
from ingest.receiving.keeper import Keeper
from ingest.scoring.follower import Following
from ingest.settings import IngestSettings, ScoreSettings
from ingest.stores import open_period_reader, open_period_store, open_score_store
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from ingest.stores.records import AlertRecord, EpochRecord
from models.serving.off_task import OffTaskModel
from roomtone.demo.broker import free_port
from school import open_lesson_store
from school.lessons.memory import MemoryLessonStore
from school.lessons.records import Lesson
from tests.ingest.conftest import Client, RunningBroker
from tests.ingest.node import SECOND_NS, Node

pytestmark = [pytest.mark.slow, pytest.mark.programs, pytest.mark.broker]

WAIT_S = 60.0
SEATS = tuple(range(1, 13))
NODE = Node(seats=SEATS, run_boot_ns=0)
LENGTH = 480
LIVELY = slice(300, 400)
STATE = ingest_state("school")
Start = Callable[..., subprocess.Popen[bytes]]


def lesson_values() -> np.ndarray:
    """(periods, width): a class that works, and does something else for a while."""
    random = np.random.default_rng(5)
    seat = random.normal(8.0, 1.5, (LENGTH, len(SEATS), len(SEAT_QUANTITIES)))
    seat[:, :, 10] = 0.95
    seat[:, :, 11] = random.random((LENGTH, len(SEATS))) < 0.1
    seat[:, :, 12] = 0.2
    seat[LIVELY, :, :10] += 12.0
    seat[LIVELY, :, 10] = 0.2
    seat[LIVELY, :, 11] = random.random((100, len(SEATS))) < 0.6
    seat[LIVELY, :, 12] = 4.0
    room = np.full((LENGTH, len(ROOM_QUANTITIES)), 58.0)
    room[LIVELY] += 8.0
    return NODE.layout.rows(encode(seat, "seat"), encode(room, "room"))


VALUES = lesson_values()


@pytest.fixture
def start(tmp_path: Path, broker: RunningBroker) -> Iterator[Start]:
    config = tmp_path / "server.toml"
    config.write_text(
        f'site = "school"\ndata_dir = "{tmp_path}/data"\n[broker]\nport = {broker.settings.port}\n'
        f"[ingest]\nhealth_port = 0\n[score]\nhealth_port = 0\n[dashboard]\nport = {free_port()}\n"
    )
    with ExitStack() as programs:

        def make(name: str) -> subprocess.Popen[bytes]:
            log = tmp_path / f"{name}.log"
            with log.open("a") as said:
                program = subprocess.Popen(
                    [sys.executable, "-P", "-m", "roomtone", name, "--config", str(config)],
                    stderr=said,
                )
            programs.callback(lambda: print(log, log.read_text(), sep="\n"))  # if the test fails
            programs.callback(end, program)
            return program

        yield make


def end(program: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        program.send_signal(signal.SIGCONT)
    program.kill()
    program.wait()


def until(condition: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < give_up, what
        time.sleep(0.02)


def has_open(pid: int, path: Path) -> bool:
    found = []
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.append(handle.readlink())
    return path in found


def a_lesson(starts_utc_ns: int) -> Lesson:
    return Lesson(
        id="lesson-1", room="r1", teacher="t", title="", starts_utc_ns=starts_utc_ns,
        ends_utc_ns=starts_utc_ns + LENGTH * SECOND_NS, source="button",
    )  # fmt: skip


def undisturbed(starts_utc_ns: int) -> tuple[list[EpochRecord], list[AlertRecord]]:
    """What scoring this lesson gives when nobody kills anyone."""
    clock = ManualClock(utc_at_boot_ns=starts_utc_ns)
    store, scores, lessons = MemoryPeriodStore(), MemoryScoreStore(), MemoryLessonStore()
    lessons.put(a_lesson(starts_utc_ns))
    keeper = Keeper(store=store, site="school", clock=clock, settings=IngestSettings())
    keeper.keep([NODE.birth(), NODE.timebase(starts_utc_ns)])
    following = Following(
        settings=ScoreSettings(), model=OffTaskModel.load(), clock=clock,
        reader=store, scores=scores, lessons=lessons,
    )  # fmt: skip
    following.begin()
    for seq in range(LENGTH):
        clock.advance(1)
        keeper.keep([NODE.batch(seq, values=VALUES[seq : seq + 1])])
        following.step()
    return scores.epochs("lesson-1"), scores.alerts("lesson-1")


@pytest.mark.parametrize("kill_at", (310, 365, 398))
def test_a_scorer_killed_in_the_middle_of_an_alert_raises_it_once(
    tmp_path: Path, start: Start, kill_at: int
) -> None:
    """`kill_at` lies before the alert, in it, and while it is about to end."""
    data = tmp_path / "data"
    starts_ns = SystemClock().utc_ns() - 300 * SECOND_NS
    epochs, alerts = undisturbed(starts_ns)
    assert {alert.zone for alert in alerts} == {"room", "hub-a"}
    with (
        closing(open_lesson_store(data)) as lessons,
        closing(open_period_store(data)) as store,
        closing(open_score_store(data)) as scores,
    ):
        lessons.put(a_lesson(starts_ns))
        keeper = Keeper(store=store, site="school", clock=SystemClock(), settings=IngestSettings())
        keeper.keep([NODE.birth(), NODE.timebase(starts_ns)])
        scorer = start("score")
        # It takes over at once what was kept before, and is level from here on.
        keeper.keep([NODE.batch(seq, values=VALUES[seq : seq + 1]) for seq in range(5)])
        until(lambda: len(scores.epochs("lesson-1")) == 1, "the scorer does not begin")

        def live(first: int, last: int) -> None:
            for seq in range(first, last):
                keeper.keep([NODE.batch(seq, values=VALUES[seq : seq + 1])])
                time.sleep(0.002)

        live(5, kill_at)
        until(
            lambda: len(scores.epochs("lesson-1")) >= kill_at // 5 - 3, "the scorer does not follow"
        )
        scorer.kill()
        scorer.wait()
        live(kill_at, kill_at + 7)
        start("score")
        # Nothing is raised of what came before it was there; that takes as long as it takes.
        until(
            lambda: len(scores.epochs("lesson-1")) >= (kill_at + 7) // 5,
            "the scorer does not begin again",
        )
        live(kill_at + 7, LENGTH)
        until(lambda: len(scores.epochs("lesson-1")) == LENGTH // 5, "epochs are missing")
        until(
            lambda: all(alert.cleared_utc_ns is not None for alert in scores.alerts("lesson-1")),
            "an alert was left open",
        )
        got = scores.alerts("lesson-1")
        assert repr(scores.epochs("lesson-1")) == repr(epochs)
    assert Counter(alert.zone for alert in got) == {"room": 1, "hub-a": 1}
    if kill_at != 310:  # raised before the kill: then they are the very same
        assert [alert.id for alert in got] == [alert.id for alert in alerts]
        assert [a.cleared_utc_ns for a in got] == [a.cleared_utc_ns for a in alerts]


def test_who_reads_can_not_delay_keeping_stopped_or_dead(
    tmp_path: Path, start: Start, client: Callable[..., Client]
) -> None:
    start("ingest")
    node = client("kit-1", STATE, NODE.topic("ack"))
    node.message(STATE, lambda payload: IngestState.decode(payload).is_up)
    readers = [start("score"), start("dashboard")]
    node.link.publish(NODE.topic("state"), NODE.birth().payload, retain=True)

    def acked(seq: int) -> float:
        """How long it takes until a period is kept and acknowledged."""
        began = time.monotonic()
        node.link.publish(NODE.topic("data"), NODE.batch(seq).payload)
        node.message(NODE.topic("ack"), lambda payload: Ack.decode(payload).without_hole >= seq)
        return time.monotonic() - began

    for reader in readers:
        until(lambda pid=reader.pid: has_open(pid, tmp_path / "data" / "main.db"), "nobody reads")
    running = [acked(seq) for seq in range(20)]
    for reader in readers:
        reader.send_signal(signal.SIGSTOP)
    stopped = [acked(seq) for seq in range(20, 60)]
    for reader in readers:
        reader.kill()
    dead = [acked(seq) for seq in range(60, 80)]
    # Behind a reader that held the store, ingest would wait for ten seconds or for ever.
    for waited in (running, stopped, dead):
        assert float(np.median(waited)) < 2.0
        assert max(waited) < 8.0
    with closing(open_period_reader(tmp_path / "data")) as reader:
        assert list(reader.kept(1)) == [(0, 79)]
