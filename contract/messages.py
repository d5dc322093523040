"""The small messages besides data: births and deaths, time, health, acks, config, commands.

Each is a CBOR map with the field names below as text keys, and `version`. A field that a later
minor change adds is ignored by an older reader; a later `version` is refused.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

import cbor2
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from contract.cbor import MAX_ITEMS, MAX_PAYLOAD_BYTES, load_map
from contract.errors import PayloadError, UnknownVersionError
from contract.topics import NAME

__all__ = [
    "Ack",
    "Birth",
    "Command",
    "CommandResult",
    "Config",
    "ConfigReported",
    "Death",
    "Health",
    "Hub",
    "IngestState",
    "LessonSpan",
    "Message",
    "Timebase",
    "decode_state",
]

Name = Annotated[str, Field(pattern=f"^{NAME}$")]
Run = Annotated[int, Field(ge=0, lt=1 << 63)]
Seq = Annotated[int, Field(ge=0, le=1 << 40)]
Count = Annotated[int, Field(ge=0, lt=1 << 63)]
Nanoseconds = Annotated[int, Field(ge=0, lt=1 << 63)]
Seat = Annotated[int, Field(ge=1, le=255)]
Code = Annotated[int, Field(ge=0, lt=1 << 16)]
Word = Annotated[str, Field(max_length=64)]
"""A boot, a version, a unit: nothing longer is kept or shown."""

_MAX_BYTES = 16_384
"""The largest of these, but for configurations, are births of eight hubs: some 2 kB."""

VERSION = 1


class Message(BaseModel):
    """What all of these share: frozen, checked when built, CBOR out and in."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    version: Literal[1] = 1
    max_bytes: ClassVar[int] = _MAX_BYTES
    """A longer payload is refused unread."""
    max_items: ClassVar[int] = MAX_ITEMS
    """… and one with more numbers, texts, lists and maps."""

    def encode(self) -> bytes:
        """The payload."""
        return cbor2.dumps(self.model_dump())

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """The message in a payload; raises PayloadError or UnknownVersionError."""
        return cls.from_map(load_map(payload, max_bytes=cls.max_bytes, max_items=cls.max_items))

    @classmethod
    def from_map(cls, fields: dict[object, object]) -> Self:
        """The message in a decoded CBOR map."""
        version = fields.get("version")
        if type(version) is int and version > VERSION:
            raise UnknownVersionError(cls.__name__, version, VERSION)
        try:
            # Lax, because CBOR has arrays where the models have tuples.
            return cls.model_validate(fields, strict=False)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or cls.__name__
            raise PayloadError(f"{cls.__name__} {where}", first["msg"]) from error


class Hub(Message):
    """One hub of a node, as its HELLO told."""

    hub: Name
    firmware: Word
    seats: Annotated[tuple[Seat, ...], Field(max_length=255)]
    sample_rate_hz: float
    has_sound: bool


class Birth(Message):
    """Retained on `state`: a run of a node's agent is up."""

    is_up: Literal[True] = True
    node: Name
    run: Run
    boot: Word
    software: Word
    period_ns: Nanoseconds
    run_boot_ns: Nanoseconds
    """Boot clock at the start of seq 0."""
    hubs: Annotated[tuple[Hub, ...], Field(max_length=64)]
    seat_codes: Annotated[tuple[Code, ...], Field(max_length=255)]
    room_codes: Annotated[tuple[Code, ...], Field(max_length=255)]
    units: Annotated[dict[Word, Word], Field(max_length=255)]
    """Quantity name → unit."""
    synchronised: bool


class Death(Message):
    """Retained on `state`: that run is gone, by the will or by its own word."""

    is_up: Literal[False] = False
    node: Name
    run: Run
    boot: Word
    reason: Word
    """`stopped` when the node says so itself, `lost` when the broker does."""


class Timebase(Message):
    """Where a boot's clock stood against UTC, and how sure that is."""

    node: Name
    run: Run
    boot: Word
    boot_ns: Nanoseconds
    utc_ns: Nanoseconds
    error_ns: Nanoseconds
    synchronised: bool


class Health(Message):
    """A node's counters since its run began, each minute and at a clean stop.

    The counters are in seat-seconds: `sampled` what hubs delivered as good frames, `published`
    what was sent at least once, `acked` what ingest has kept, `waiting` what is in memory or in
    the outbox, `gap` what was sampled and then given up with a recorded gap, `unsampled` what
    was due and never arrived on the serial line.
    """

    node: Name
    run: Run
    sampled: Count
    published: Count
    acked: Count
    waiting: Count
    gap: Count
    unsampled: Count
    is_sampling: bool
    is_finished: bool
    """True once, in the last health of a clean stop."""
    outbox_bytes: Count
    ack_age_ms: Count | None
    hubs: Annotated[
        dict[Word, Annotated[dict[Word, Count], Field(max_length=64)]], Field(max_length=64)
    ]
    """Hub → name of counter → count, as the serial reader keeps them."""
    twins: Count = 0
    """Other kits that were alive under this node's name while this run was."""


class Ack(Message):
    """Ingest has these seqs of a run for good: the node may forget them."""

    run: Run
    without_hole: Annotated[int, Field(ge=-1, le=1 << 40)]
    above: Annotated[tuple[tuple[Seq, Seq], ...], Field(max_length=64)] = ()
    """Ranges kept above `without_hole`, first and last; those nearest to it."""

    @field_validator("above")
    @classmethod
    def _run_forwards(cls, ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        if any(first > last for first, last in ranges):
            raise ValueError("a range runs backwards")
        return ranges


class LessonSpan(Message):
    """When a room is to be sensed; open at the end while the lesson runs."""

    lesson: Annotated[str, Field(max_length=255)]
    starts_utc_ns: Nanoseconds
    ends_utc_ns: Nanoseconds | None


class Config(Message):
    """Retained, server → node: what the node should do. Outside lessons nothing is sampled."""

    max_bytes: ClassVar[int] = MAX_PAYLOAD_BYTES

    revision: Count
    lessons: tuple[LessonSpan, ...]
    excluded_seats: tuple[Seat, ...] = ()
    """Opted out: dropped at the edge, before anything is computed."""


class ConfigReported(Message):
    """Node → server: the revision that the node runs."""

    revision: Count
    is_sampling: bool


CommandName = Literal["identify", "restart", "pause", "resume", "start", "stop"]


class Command(Message):
    """Server → node. `start` and `stop` sample at once, whatever the timetable says."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    command: CommandName
    hub: Name | None = None


class CommandResult(Message):
    """Node → server, repeating the command's id."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    is_done: bool
    why: Annotated[str, Field(max_length=500)] = ""


class IngestState(Message):
    """Retained, ingest → all: data is sent only while this says up."""

    is_up: bool
    started_utc_ns: Nanoseconds


def decode_state(payload: bytes) -> Birth | Death:
    """What stands on a node's `state` topic."""
    fields = load_map(payload, max_bytes=Birth.max_bytes)
    return Birth.from_map(fields) if fields.get("is_up") is True else Death.from_map(fields)
