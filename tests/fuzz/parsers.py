"""The four parsers that read what others wrote, each as a function of any bytes.

A target returns quietly, whatever the bytes: the parser either read them or refused them with an
error of its own. Where a checksum would stop every guess at the door, it is made to fit, so that
what lies behind it is tried too.
"""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from contract.errors import DecodeError, FrameError, PayloadError
from contract.topics import KINDS
from contract.wire.payload import Batch, decode, encode
from edge_agent.outbox.format import MAGIC, MARK, Head, Record, pack, scan
from firmware_bridge import frames
from firmware_bridge.framing import Unframer, frame
from ingest.receiving.classify import sort_message
from ingest.stores.format.chunks import _CRC, _HEAD, decode_chunk, encode_chunk
from ingest.stores.format.schema import is_sound, layout_of

__all__ = ["SEEDS", "TARGETS"]

_GOLDEN = Path(__file__).parents[1] / "golden"


def serial(data: bytes) -> None:
    """A serial line: garbage first, then a whole frame, which must come through."""
    unframer = Unframer()
    for piece in (data[:7], data[7:], b"\x00", frame(data[:200] or b"x")):
        for payload in unframer.feed(piece):
            with contextlib.suppress(FrameError):
                frames.decode(payload)
    with contextlib.suppress(FrameError):
        frames.decode(data)


def mqtt(data: bytes) -> None:
    """A message on any topic of ours."""
    with contextlib.suppress(DecodeError):
        message = decode(data)
        again = decode(encode(message))
        assert type(again) is type(message)
        if isinstance(message, Batch):
            assert message.values.shape == (message.n, message.layout.width)
    for kind in KINDS:
        with contextlib.suppress(DecodeError):
            sort_message(
                site="oak",
                topic=f"roomtone/1/oak/r1/pi-1/{kind}",
                payload=data,
                is_retained=False,
                live_age_ms=30_000,
            )


def outbox(data: bytes) -> None:
    """A segment of the outbox: any bytes, and any bytes around a good record."""
    for segment in (data, MAGIC + data, MAGIC + MARK + data):
        covered = 0
        for part in scan(segment):
            covered = part.offset + part.length
            assert covered <= len(segment)
    for part in scan(MAGIC + data):
        if isinstance(part, Record):
            record, _ = pack(part.head, data)
            assert any(isinstance(each, Record) for each in scan(MAGIC + record + data))


def store(data: bytes) -> None:
    """A sealed chunk, a live row and a layout as they may stand in a damaged database."""
    start = _HEAD.size + _CRC.size
    fitting = data
    if len(data) >= start:
        crc = zlib.crc32(data[start:], zlib.crc32(data[: _HEAD.size]))
        fitting = data[: _HEAD.size] + _CRC.pack(crc) + data[start:]
    for chunk in (data, fitting):
        with contextlib.suppress(PayloadError):
            decode_chunk(chunk)
    is_sound(data)
    with contextlib.suppress(PayloadError):
        layout_of(data.decode("utf-8", "replace"))


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "serial": serial,
    "mqtt": mqtt,
    "outbox": outbox,
    "store": store,
}


def _golden_frames() -> list[bytes]:
    return [bytes.fromhex(path.read_text()) for path in sorted(_GOLDEN.glob("serial/*.hex"))]


def _golden_messages() -> list[bytes]:
    data = json.loads((_GOLDEN / "mqtt" / "data.json").read_text())
    small = json.loads((_GOLDEN / "mqtt" / "messages.json").read_text())
    return [bytes.fromhex(each["hex"]) for each in data.values()] + [
        bytes.fromhex(each) for each in small.values()
    ]


def _records() -> list[bytes]:
    head = Head(
        kind="data", run=7, first_seq=5, n=2, boot_ns=10**9, period_ns=10**9, synchronised=True,
        seats=b"\x01\x02", counts=b"\x02\x02",
    )  # fmt: skip
    record, _ = pack(head, b"payload")
    return [record, record + b"?" + record, record[:-3]]


def _chunks() -> list[bytes]:
    values = np.arange(12, dtype=np.uint16).reshape(4, 3)
    chunk = encode_chunk(np.array([3, 4, 6, 9]), np.ones(4, np.bool_), values)
    return [chunk, chunk[:-2], b"[[1,2],[1,11],[1]]"]


SEEDS: Final[dict[str, Callable[[], list[bytes]]]] = {
    "serial": _golden_frames,
    "mqtt": _golden_messages,
    "outbox": _records,
    "store": _chunks,
}
