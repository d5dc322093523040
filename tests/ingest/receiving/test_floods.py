"""One kit floods, ingest has little memory, and the room next door is kept and acknowledged."""

from __future__ import annotations

import itertools
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Final

import pytest

from contract.topics import ingest_state
from contract.wire.messages import Ack, Health
from ingest.receiving.aside.book import AsideBook
from ingest.stores import open_period_reader
from ingest.stores.rules.limits import MAX_LAYOUTS_OF_NODE, MAX_ROOMS_OF_NODE, MAX_STREAMS_OF_NODE
from ingest.stores.upkeep.aside_pages import every_aside
from tests.ingest.conftest import Client, RunningBroker
from tests.ingest.node import Node, Sent

pytestmark = [pytest.mark.slow, pytest.mark.broker]

MEMORY_MB: Final = 256
"""What ingest may set aside for itself, all libraries included; docs/ingest.md says so."""
GOOD: Final = Node(node="good", room="r9", run=5)
MAD: Final = Node(node="mad")
Flood = Callable[[], Iterator[Sent]]


def large_poison() -> Iterator[Sent]:
    random = Random(1)
    for _ in range(4_000):
        yield Sent(MAD.topic("data"), random.randbytes(65_000))


def small_poison() -> Iterator[Sent]:
    for n in range(20_000):
        yield Sent(MAD.topic("health"), n.to_bytes(8, "big"))


def new_runs() -> Iterator[Sent]:
    for n in range(20_000):
        yield MAD.again(n).batch(0)


def new_births() -> Iterator[Sent]:
    for n in range(10_000):
        yield replace(MAD.again(n).birth(), is_retained=False)


def new_rooms() -> Iterator[Sent]:
    for n in range(10_000):
        yield replace(MAD, room=f"x{n}").again(n).batch(0)


def new_layouts() -> Iterator[Sent]:
    for n, seats in zip(range(10_000), itertools.permutations(range(1, 30), 3), strict=False):
        yield replace(MAD, seats=seats).batch(n)


def holes() -> Iterator[Sent]:
    for n in range(20_000):
        yield MAD.batch(2 * n)


def healths_of_nobody() -> Iterator[Sent]:
    for n in range(10_000):
        health = Health(
            node="mad", run=n, sampled=0, published=0, acked=0, waiting=0, gap=0, unsampled=0,
            is_sampling=False, is_finished=False, outbox_bytes=0, ack_age_ms=None, hubs={},
        )  # fmt: skip
        yield Sent(MAD.topic("health"), health.encode())


def births_by_turns() -> Iterator[Sent]:
    for n in range(10_000):
        yield replace(replace(MAD, hub=f"hub-{n}").birth(), is_retained=False)


FLOODS: Final[tuple[Flood, ...]] = (
    large_poison, small_poison, new_runs, new_births, new_rooms, new_layouts, holes,
    births_by_turns, healths_of_nobody,
)  # fmt: skip


@pytest.fixture
def ingest(tmp_path: Path, broker: RunningBroker) -> Iterator[subprocess.Popen[bytes]]:
    config = tmp_path / "server.toml"
    config.write_text(
        f'site = "school"\ndata_dir = "{tmp_path}/data"\n[broker]\nport = {broker.settings.port}\n'
        "[ingest]\nhealth_port = 0\nmax_aside_messages = 10000\n"
    )
    program = subprocess.Popen(
        [
            "prlimit",
            f"--data={MEMORY_MB << 20}",
            sys.executable,
            "-P",
            "-m",
            "roomtone",
            "ingest",
            "--config",
            str(config),
        ],
        stderr=subprocess.DEVNULL,
    )
    yield program
    program.kill()
    program.wait()


def peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def say(client: Client, sent: Sent) -> bool:
    return client.link.publish(sent.topic, sent.payload, retain=sent.is_retained)


@pytest.mark.parametrize("flood", FLOODS, ids=lambda flood: flood.__name__)
def test_a_flood_of_one_kit_leaves_the_others_their_acks(
    flood: Flood, broker: RunningBroker, ingest: subprocess.Popen[bytes], tmp_path: Path,
    client: Callable[..., Client],
) -> None:  # fmt: skip
    good = client("good", GOOD.topic("ack"), ingest_state("school"))
    mad = client("mad")
    good.message(ingest_state("school"))
    say(good, GOOD.birth())
    before = peak_mb(ingest.pid)
    messages = flood()
    seq = 0
    is_over = False
    while not is_over:
        # As fast as the broker takes it, until the good room's next second is over.
        sent = list(itertools.islice(messages, 400 if flood is not large_poison else 100))
        is_over = not sent
        for each in sent:
            while not say(mad, each):
                mad.link.events.empty()
        assert say(good, GOOD.batch(seq))
        good.message(GOOD.topic("ack"), lambda body, at=seq: Ack.decode(body).without_hole >= at)
        seq += 1
    assert ingest.poll() is None
    print(f"{flood.__name__}: peak {peak_mb(ingest.pid):.0f} MB, {before:.0f} before")
    with closing(open_period_reader(tmp_path / "data")) as reader:
        (stream,) = reader.streams("r9")
        assert list(reader.kept(stream.id)) == [(0, seq - 1)]
        book = AsideBook(every=lambda: every_aside(reader), max_messages=10_000, max_bytes=1 << 26)
        book.admit("x", b"")
        assert book.size <= (1 << 26) // 10 + 1_000
        its = [s for s in reader.streams() if s.node == "mad"]
        assert len({s.room for s in its}) <= MAX_ROOMS_OF_NODE
        kinds = {notice.kind for notice in reader.notices() if notice.node == "mad"}
        expected = {large_poison: "aside", small_poison: "aside", new_runs: "limit",
                    new_rooms: "limit", new_layouts: "limit"}.get(flood)  # fmt: skip
        assert expected is None or expected in kinds
        with closing(sqlite3.connect(tmp_path / "data" / "main.db")) as database:
            for table in ("births", "healths", "deaths"):
                (n,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
                assert n <= MAX_STREAMS_OF_NODE + 20
        if flood is new_layouts:
            assert len(reader.kept(its[0].id)) == MAX_LAYOUTS_OF_NODE
