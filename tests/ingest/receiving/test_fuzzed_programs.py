"""A running ingest is sent thousands of damaged messages on every topic, and keeps the good ones."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from queue import Empty
from random import Random

import cbor2
import pytest

from contract.topics import KINDS, ingest_state
from contract.wire.messages import Ack
from ingest.receiving.aside.command import ask
from ingest.settings import ServerSettings
from ingest.stores import open_period_reader
from tests.ingest.conftest import Client, RunningBroker, RunningIngest
from tests.ingest.node import Node

pytestmark = [pytest.mark.slow, pytest.mark.broker]

GOOD = Node(node="good", room="r9", run=5)
STATE = ingest_state("school")
GOLDEN = Path(__file__).parents[2] / "golden" / "mqtt"
PIECES = (
    b"\xc2\x59\x07\x08" + b"\xff" * 1_800, b"\x9b" + b"\xff" * 8, b"\xd8\x1c", b"\x81" * 90,
    b"\xfb\x7f\xf8" + b"\0" * 6, b"\xff", b"\x1b" + b"\xff" * 8, b"\xa1\x81\x01\x02",
)  # fmt: skip


def seeds() -> list[bytes]:
    data = json.loads((GOLDEN / "data.json").read_text(encoding="utf-8"))
    small = json.loads((GOLDEN / "messages.json").read_text(encoding="utf-8"))
    return [bytes.fromhex(each["hex"]) for each in data.values()] + [
        bytes.fromhex(each) for each in small.values()
    ]


def damaged(random: Random, good: bytes) -> bytes:
    """Bytes changed, cut out or put in, or a field that holds something else."""
    body = bytearray(good)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(body) + 1)
        kind = random.randrange(4)
        if kind == 0 and at < len(body):
            body[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            body[at:at] = random.choice(PIECES)
        elif kind == 2:
            del body[at : at + random.randrange(9)]
        else:
            fields = cbor2.loads(good)
            key = random.choice(list(fields))
            fields[key] = random.choice(
                [None, -1, 1 << 70, "x" * 300, [], {}, dict(fields), 1.5, b"\0"]
            )
            return cbor2.dumps(fields)
    return bytes(body)


def messages(seed: int, n: int) -> Iterator[tuple[str, bytes, bool]]:
    random = Random(seed)
    good = seeds()
    topics = [f"roomtone/1/school/r1/kit-1/{kind}" for kind in KINDS]
    topics += [topic.replace("kit-1", "pi-101") for topic in topics]
    topics += ["roomtone/1/school/ingest/replay", "roomtone/1/school/ingest/x/state"]
    for _ in range(n):
        yield random.choice(topics), damaged(random, random.choice(good)), random.random() < 0.2


@pytest.mark.parametrize("seed", range(3))
def test_ingest_keeps_what_is_good_among_anything(
    seed: int, run_ingest: Callable[..., RunningIngest], client: Callable[..., Client],
    broker: RunningBroker, tmp_path: Path,
) -> None:  # fmt: skip
    first = run_ingest()
    good, mad = client("good", STATE, GOOD.topic("ack")), client("mad")
    good.message(STATE)
    seq = 0

    def next_second() -> None:
        nonlocal seq
        assert good.link.publish(*_sent(GOOD.batch(seq)))
        at = seq
        good.message(GOOD.topic("ack"), lambda body: Ack.decode(body).without_hole >= at)
        seq += 1

    for n, (topic, body, is_retained) in enumerate(messages(seed, 3_000)):
        while not mad.link.publish(topic, body, retain=is_retained):
            next_second()
        if n % 300 == 0:
            next_second()
    next_second()
    counters = first.ingest.metrics.counters
    assert counters.defects == 0, "a message made something raise that it should not"
    # What is retained comes again with the next start, and what is aside can be played.
    first.stop()
    second = run_ingest()
    assert second.ingest.ready.wait(60)
    good.message(STATE, lambda body: b"\xf5" in body)
    next_second()
    done = ask(ServerSettings(site="school", broker=broker.settings), (), timeout_s=60)
    assert done.unfit_count > 0
    next_second()
    assert second.ingest.metrics.counters.defects == 0
    with closing(open_period_reader(tmp_path / "data")) as reader:
        (stream,) = reader.streams("r9")
        assert list(reader.kept(stream.id)) == [(0, seq - 1)]


def _sent(sent: object) -> tuple[str, bytes]:
    return sent.topic, sent.payload  # type: ignore[attr-defined]


def test_a_message_that_kills_the_process_is_passed_over_by_the_next_one(
    tmp_path: Path, broker: RunningBroker, client: Callable[..., Client]
) -> None:
    """As a fault in a library would: no exception, the process is gone."""
    config = tmp_path / "server.toml"
    config.write_text(
        f'site = "school"\ndata_dir = "{tmp_path}/data"\n[broker]\nport = {broker.settings.port}\n'
        "[ingest]\nhealth_port = 0\n"
    )
    script = tmp_path / "mortal.py"
    script.write_text(
        "import os, sys\n"
        "import ingest.receiving.classify as sorting\n"
        "read = sorting.decode_state\n"
        "sorting.decode_state = lambda body: os._exit(139) if b'deadly' in body else read(body)\n"
        "from roomtone.cli import main\n"
        "sys.exit(main())\n"
    )
    node = client("good", STATE, GOOD.topic("ack"))
    deadly = Node(node="kit-1").topic("state")
    for topic, body in ((deadly, b"deadly"), (Node(node="kit-2", room="r2").topic("state"), b"x")):
        assert node.link.publish(topic, body, retain=True)
    ends: list[int | None] = []
    for _ in range(4):
        program = subprocess.Popen(
            [sys.executable, "-P", str(script), "ingest", "--config", str(config)],
            stderr=subprocess.DEVNULL,
        )
        try:
            # It ends, or it lives and acknowledges.
            while program.poll() is None and not ends.count(None):
                node.link.publish(*_sent(GOOD.batch(0)))
                with suppress(Empty):
                    event = node.link.events.get(timeout=0.2)
                    if getattr(event, "topic", "") == GOOD.topic("ack"):
                        ends.append(None)
            if program.poll() is not None:
                ends.append(program.returncode)
        finally:
            program.kill()
            program.wait()
        if None in ends:
            break
    assert ends[-1] is None
    assert 1 <= ends.count(139) <= 2
    with closing(open_period_reader(tmp_path / "data")) as reader:
        reasons = [aside.reason for aside in reader.aside() if aside.payload == b"deadly"]
    assert reasons == ["ingest ended while it read this message"]
