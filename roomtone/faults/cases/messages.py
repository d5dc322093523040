"""Messages that none of our programs sends: garbage, later formats, and retained garbage."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import cbor2
import numpy as np
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from contract.quantities.table import MISSING
from contract.topics import Topic, ingest_state
from contract.wire.payload import Batch, Layout, encode
from ingest.stores.upkeep.aside_pages import every_aside
from roomtone.faults.case import Case
from roomtone.faults.children import FaultError, until
from roomtone.faults.proxy import FaultProxy
from roomtone.faults.room import FaultRoom
from roomtone.faults.server import SITE

__all__ = ["future_version", "poison", "retained_garbage", "speaker"]

_TO_INGEST: Final = ("data", "state", "timebase", "health")
_TO_EDGE: Final = ("ack", "config", "command")
_RUN: Final = 4711
_HUGE: Final = b"\xc2\x59\x07\x08" + b"\xff" * 1_800
_BOMBS: Final = (
    # Values that are expensive to build or impossible to print: a number of 14,400 bits as a version
    # and as a key, a fraction of two of them, a pattern, a list that contains itself, a list of 2^64
    # items.
    b"\xa1\x67version" + _HUGE,
    b"\xa1\x00" + _HUGE,
    b"\xa1" + _HUGE + b"\x00",
    b"\xa1\x64node\xd8\x1e\x82" + _HUGE + _HUGE,
    b"\xa1\x64node\xd8\x23\x6a(a{9999}){",
    b"\xa1\x64node\xd8\x1c\x81\xd8\x1d\x00",
    b"\x9b" + b"\xff" * 8,
)
"""Small messages that a decoder must refuse before it builds their values."""


def poison(case: Case) -> None:
    """Send garbage on every subscribed topic, between the real messages."""
    with case.lesson() as room:
        kinds = _TO_INGEST if case.where == "ingest" else _TO_EDGE
        messages = [
            (f"roomtone/1/{SITE}/{room.name}/{room.node}/{kind}", body)
            for kind in kinds
            for body in _garbage(case.seed, room)
        ]
        aside = room.reader.count_aside()
        with speaker(room) as client:
            _publish(client, messages)
        case.over()
        if case.where == "ingest":
            n = _wait_for_aside(room, aside + len(messages), "the garbage")
            case.took_effect(f"{n - aside} of {len(messages)} put aside")
        else:
            until(
                lambda: room.edge.times_logged("is not usable") >= len(messages),
                what="the edge's message about the garbage", timeout_s=10,
            )  # fmt: skip
            case.took_effect(
                f"{room.edge.times_logged('is not usable')} of {len(messages)} refused"
            )
        case.recover(room)


def future_version(case: Case) -> None:
    """Send batches, births and healths of a later format: they are put aside, not lost."""
    with case.lesson() as room:
        batch = cbor2.loads(encode(_batch(room)))
        batch[0] = 2
        small = {"version": 2, "node": room.node, "run": _RUN, "is_up": True}
        messages = [
            (_topic(room, kind), cbor2.dumps(batch if kind == "data" else small))
            for kind in _TO_INGEST
        ]
        aside = room.reader.count_aside()
        with speaker(room) as client:
            _publish(client, messages)
        case.over()
        _wait_for_aside(room, aside + len(messages), "the later formats")
        explained = [a for a in every_aside(room.reader) if "version" in a.reason]
        if len(explained) < len(messages):
            raise case.no_effect(
                "the messages put aside do not name the later version as the reason"
            )
        case.took_effect(f"{len(messages)} messages of version 2 put aside, each with its reason")
        case.recover(room)


def retained_garbage(case: Case) -> None:
    """Retain garbage on the broker, then make every program connect again."""
    with case.lesson() as room:
        body = random.Random(case.seed).choice(_BOMBS)
        topics = [_topic(room, kind) for kind in (*_TO_INGEST, *_TO_EDGE)]
        own = ingest_state(SITE)
        with speaker(room) as client:
            _publish(client, [(topic, body) for topic in topics], retain=True)
            with room.server.ingest.logs_again("connected to the broker", what="ingest"):
                _reconnect(room.server.server_net)
            time.sleep(0.2)
            _publish(client, [(own, body)], retain=True)
        with room.edge.logs_again("Connected to the broker", what="the edge"):
            _reconnect(room.server.edge_net)
        case.over()
        case.took_effect(
            f"garbage retained on {len(topics) + 1} topics, and every program connected again"
        )
        case.recover(room)
        with speaker(room) as client:
            _publish(client, [(topic, b"") for topic in topics], retain=True)


def _wait_for_aside(room: FaultRoom, n: int, what: str) -> int:
    """Wait until at least `n` messages are put aside; returns how many there are."""
    until(
        lambda: room.reader.count_aside() >= n, what=f"{what} among the messages put aside",
        timeout_s=10,
    )  # fmt: skip
    return room.reader.count_aside()


def _reconnect(net: FaultProxy) -> None:
    net.set_state("cut")
    time.sleep(0.1)
    net.set_state("fine")


@contextmanager
def speaker(room: FaultRoom) -> Iterator[paho.Client]:
    """A client of the broker that may publish anything."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", room.server.broker_port)
    client.loop_start()
    try:
        until(client.is_connected, what="a connection to the broker", timeout_s=10)
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def _publish(
    client: paho.Client, messages: Sequence[tuple[str, bytes]], *, retain: bool = False
) -> None:
    for topic, body in messages:
        sent = client.publish(topic, body, qos=1, retain=retain)
        sent.wait_for_publish(10.0)
        if not sent.is_published():
            raise FaultError(f"The broker did not take a message on {topic}.")


def _topic(room: FaultRoom, kind: str) -> str:
    return str(Topic(SITE, room.name, room.node, kind))  # type: ignore[arg-type]


def _garbage(seed: int, room: FaultRoom) -> Iterator[bytes]:
    """Garbage from a seed: random bytes, a cut batch, wrong types, bombs, another node's data."""
    draw = random.Random(seed)
    good = encode(_batch(room))
    yield b""
    for n in (1, 7, 300):
        yield draw.randbytes(n)
    yield good[: len(good) // 2]
    yield good + b"\0"
    yield b"\x81" * 4_000
    yield cbor2.dumps({"version": 1, "node": room.node, "run": "no number"})
    yield cbor2.dumps({0: 1, 1: room.node, 2: -1, 3: 2**70})
    yield from _BOMBS
    other = cbor2.loads(good)
    other[1] = "somebody-else"
    yield cbor2.dumps(other)
    flipped = bytearray(good)
    for _ in range(3):
        flipped[draw.randrange(12)] ^= 1 << draw.randrange(8)
    yield bytes(flipped)


def _batch(room: FaultRoom) -> Batch:
    layout = Layout((1, 2))
    return Batch(
        node=room.node, run=_RUN, first_seq=0, boot_ns=10**12, period_ns=10**9,
        synchronised=True, waited_ms=0, layout=layout,
        values=np.full((1, layout.width), MISSING, np.uint16),
    )  # fmt: skip
