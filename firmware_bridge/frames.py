"""The frames of the hub protocol as typed values, and their bytes: see docs/serial-protocol.md.

`encode` makes a payload (type, sequence, body) for `framing.frame`; `decode` reads one from
`framing.Unframer`. A payload that does not fit its type raises FrameError.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Final

from contract.errors import FrameError

__all__ = [
    "ALL_SEATS",
    "LEVEL_INTERVAL_S",
    "LEVEL_MISSING",
    "SEAT_MISSING",
    "ClockReply",
    "ClockRequest",
    "Frame",
    "Hello",
    "HelloRequest",
    "Identify",
    "LevelBlock",
    "ProtocolVersionError",
    "SampleBlock",
    "Sense",
    "Status",
    "decode",
    "encode",
]

PROTOCOL_VERSION: Final = 1
MAX_SEATS: Final = 8
ALL_SEATS: Final = (1 << MAX_SEATS) - 1
"""Every seat, as a bit mask."""
SEAT_MISSING: Final = -32768
"""The int16 on all three axes of a seat whose sensor doesn't answer."""
LEVEL_MISSING: Final = 65535
"""The u16 for a level that could not be measured."""
LEVEL_INTERVAL_S: Final = 0.125


class ProtocolVersionError(FrameError):
    """A HELLO says that the hub speaks another version of this protocol."""

    def __init__(self, version: int) -> None:
        self.version = version
        super().__init__(
            "HELLO protocol",
            f"the hub speaks version {version}, this program version {PROTOCOL_VERSION}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """What a hub is. `is_start` marks the first frame after a reset."""

    is_start: bool
    has_levels: bool
    tick_hz: int
    sample_rate_hz: float
    counts_per_g: int
    seats: int
    hub_id: str
    firmware: str
    firmware_version: str
    takes_sense: bool = False
    """It reads no seat but those that SENSE names."""

    @property
    def identity(self) -> tuple[str, int, int]:
        """What stays the same as long as it is the same hub."""
        return self.hub_id, self.tick_hz, self.seats


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleBlock:
    """`count` samples of all seats, the first at `tick`, the others `step` ticks apart.

    `raw` holds little-endian int16: sample by sample, seat by seat, x y z.
    """

    tick: int
    step: int
    count: int
    seats: int
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelBlock:
    """LAeq of 125 ms intervals in 0.01 dB(A); the first one begins at `tick`."""

    tick: int
    step: int
    hundredths: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A hub's counters since its reset, and the sensors that it can't read now."""

    tick: int
    uptime_s: int
    samples_dropped: int
    frames_dropped: int
    requests_refused: int
    seats_missing: int
    """A bit mask: bit 0 is the first seat."""
    is_sound_missing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReply:
    """The hub's ticks when it had received a clock request and when it made this reply."""

    nonce: int
    receive_tick: int
    transmit_tick: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HelloRequest:
    """The host asks the hub for a HELLO, of a protocol version that both speak."""

    highest: int = PROTOCOL_VERSION
    """The highest version that the host speaks; version 1 is not written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRequest:
    """The host asks for the hub's tick; the reply repeats `nonce`."""

    nonce: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Identify:
    """The host asks the hub to blink for some seconds; 0 ends it."""

    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sense:
    """The host names the seats that may be read; said again each second."""

    seats: int
    """A bit mask: bit 0 is the first seat. 0: none, and no SAMPLES come."""


Frame = (
    Hello
    | SampleBlock
    | LevelBlock
    | Status
    | ClockReply
    | HelloRequest
    | ClockRequest
    | Identify
    | Sense
)

HELLO: Final = 0x01
SAMPLES: Final = 0x02
LEVELS: Final = 0x03
STATUS: Final = 0x04
CLOCK_REPLY: Final = 0x05
HELLO_REQUEST: Final = 0x81
CLOCK_REQUEST: Final = 0x82
IDENTIFY: Final = 0x83
SENSE: Final = 0x84

_HELLO: Final = struct.Struct("<BBIIHB")
_SAMPLES: Final = struct.Struct("<IIBB")
_LEVELS: Final = struct.Struct("<IIB")
_FIXED: Final[dict[type[Frame], tuple[int, str, struct.Struct]]] = {
    Status: (STATUS, "STATUS", struct.Struct("<IIIIHBB")),
    ClockReply: (CLOCK_REPLY, "CLOCK_REPLY", struct.Struct("<HII")),
    ClockRequest: (CLOCK_REQUEST, "CLOCK_REQUEST", struct.Struct("<H")),
    Identify: (IDENTIFY, "IDENTIFY", struct.Struct("B")),
    Sense: (SENSE, "SENSE", struct.Struct("B")),
}
"""Frames whose body is their fields in order: type byte, name and layout."""
_LONGEST_TEXTS: Final = {"hub_id": 32, "firmware": 24, "firmware_version": 16}


def encode(frame: Frame, sequence: int = 0) -> bytes:
    """Type, sequence and body; raises FrameError for a value that its field can't hold."""
    try:
        kind, body = _ENCODERS[type(frame)](frame)
    except struct.error as error:
        raise FrameError(type(frame).__name__, str(error)) from error
    return bytes((kind, sequence & 0xFF)) + body


def decode(payload: bytes) -> Frame:
    """The frame of a payload; raises FrameError when its type or its body does not fit."""
    decoder = _DECODERS.get(payload[0]) if len(payload) > 1 else None
    if decoder is None:
        raise FrameError("type", f"no frame begins with {payload[:1].hex() or 'nothing'}")
    return decoder(payload)


def _encode_hello(frame: Hello) -> tuple[int, bytes]:
    millihertz = round(frame.sample_rate_hz * 1000)
    body = _HELLO.pack(
        PROTOCOL_VERSION,
        frame.is_start | frame.has_levels << 1 | frame.takes_sense << 2,
        frame.tick_hz,
        millihertz,
        frame.counts_per_g,
        frame.seats,
    )
    for name, longest in _LONGEST_TEXTS.items():
        text = getattr(frame, name).encode("ascii", "replace")
        if not 1 <= len(text) <= longest:
            raise FrameError(f"HELLO {name}", f"{len(text)} characters, expected 1 to {longest}")
        body += bytes((len(text),)) + text
    return HELLO, body


def _decode_hello(payload: bytes) -> Hello:
    if len(payload) > 2 and payload[2] != PROTOCOL_VERSION:
        raise ProtocolVersionError(payload[2])
    _, flags, tick_hz, millihertz, counts_per_g, seats = _head(_HELLO, "HELLO", payload)
    if not (tick_hz and millihertz and counts_per_g and 1 <= seats <= MAX_SEATS):
        raise FrameError(
            "HELLO",
            f"tick_hz {tick_hz}, sample rate {millihertz} mHz, {counts_per_g} counts per g, "
            f"{seats} seats: none may be 0, and seats at most {MAX_SEATS}",
        )
    texts = {}
    at = 2 + _HELLO.size
    for name, longest in _LONGEST_TEXTS.items():
        length = payload[at] if at < len(payload) else 0
        text = payload[at + 1 : at + 1 + length]
        if not (1 <= length <= longest and len(text) == length):
            raise FrameError(f"HELLO {name}", f"length {length}, {len(text)} bytes follow")
        if not (text.isascii() and text.decode("ascii").isprintable()):
            raise FrameError(f"HELLO {name}", f"{text!r} is not printable ASCII")
        texts[name] = text.decode("ascii")
        at += 1 + length
    if at != len(payload):
        raise FrameError("HELLO", f"{len(payload) - at} bytes too many")
    return Hello(
        is_start=bool(flags & 1),
        has_levels=bool(flags & 2),
        takes_sense=bool(flags & 4),
        tick_hz=tick_hz,
        sample_rate_hz=millihertz / 1000,
        counts_per_g=counts_per_g,
        seats=seats,
        **texts,
    )


def _encode_samples(frame: SampleBlock) -> tuple[int, bytes]:
    _check_samples(frame.step, frame.count, frame.seats, len(frame.raw))
    return SAMPLES, _SAMPLES.pack(frame.tick, frame.step, frame.count, frame.seats) + frame.raw


def _decode_samples(payload: bytes) -> SampleBlock:
    tick, step, count, seats = _head(_SAMPLES, "SAMPLES", payload)
    raw = payload[2 + _SAMPLES.size :]
    _check_samples(step, count, seats, len(raw))
    return SampleBlock(tick=tick, step=step, count=count, seats=seats, raw=raw)


def _check_samples(step: int, count: int, seats: int, length: int) -> None:
    if not (step and count and 1 <= seats <= MAX_SEATS and length == count * seats * 6):
        raise FrameError(
            "SAMPLES", f"step {step}, {count} samples of {seats} seats in {length} bytes"
        )


def _encode_levels(frame: LevelBlock) -> tuple[int, bytes]:
    count = len(frame.hundredths)
    if not (count and frame.step):
        raise FrameError("LEVELS", f"step {frame.step}, {count} levels")
    head = _LEVELS.pack(frame.tick, frame.step, count)
    return LEVELS, head + struct.pack(f"<{count}H", *frame.hundredths)


def _decode_levels(payload: bytes) -> LevelBlock:
    tick, step, count = _head(_LEVELS, "LEVELS", payload)
    raw = payload[2 + _LEVELS.size :]
    if not (step and count and len(raw) == 2 * count):
        raise FrameError("LEVELS", f"step {step}, {count} levels in {len(raw)} bytes")
    return LevelBlock(tick=tick, step=step, hundredths=struct.unpack(f"<{count}H", raw))


def _encode_hello_request(frame: HelloRequest) -> tuple[int, bytes]:
    return HELLO_REQUEST, b"" if frame.highest == 1 else struct.pack("B", frame.highest)


def _decode_hello_request(payload: bytes) -> HelloRequest:
    # What follows the number is for versions to come.
    return HelloRequest(highest=payload[2] if len(payload) > 2 else 1)


def _head(layout: struct.Struct, name: str, payload: bytes) -> tuple[int, ...]:
    """The numbers that a body of any length begins with."""
    if len(payload) < 2 + layout.size:
        raise FrameError(name, f"{len(payload) - 2} bytes, expected at least {layout.size}")
    return layout.unpack_from(payload, 2)


def _encode_fixed(frame: Frame) -> tuple[int, bytes]:
    kind, _, layout = _FIXED[type(frame)]
    return kind, layout.pack(*(getattr(frame, field.name) for field in fields(frame)))


def _decode_fixed(of: type[Frame], payload: bytes) -> Frame:
    _, name, layout = _FIXED[of]
    if len(payload) != 2 + layout.size:
        raise FrameError(name, f"{len(payload) - 2} bytes, expected {layout.size}")
    values = dict(zip((f.name for f in fields(of)), layout.unpack_from(payload, 2), strict=True))
    if of is Status:  # the other bits of its flags may get a meaning later
        values["is_sound_missing"] = bool(values["is_sound_missing"] & 1)
    return of(**values)


_ENCODERS: Final[dict[type[Frame], Callable[..., tuple[int, bytes]]]] = {
    **dict.fromkeys(_FIXED, _encode_fixed),
    Hello: _encode_hello,
    SampleBlock: _encode_samples,
    LevelBlock: _encode_levels,
    HelloRequest: _encode_hello_request,
}
_DECODERS: Final[dict[int, Callable[[bytes], Frame]]] = {
    **{kind: partial(_decode_fixed, of) for of, (kind, _, _) in _FIXED.items()},
    HELLO: _decode_hello,
    SAMPLES: _decode_samples,
    LEVELS: _decode_levels,
    HELLO_REQUEST: _decode_hello_request,
}
