"""The small messages besides data: births and deaths, time, health, acks, config, commands.

Each is a CBOR map with the field names below as text keys, and `version`. A field that a later
minor change adds is ignored by an older reader; a later `version` is refused.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

import cbor2
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
)

from contract.errors import PayloadError, UnknownVersionError
from contract.settings import Name
from contract.wire.cbor import MAX_ITEMS, MAX_PAYLOAD_BYTES, load_map
from contract.wire.parts import IN_TIME, MAX_PART, RUN_BITS, packed_run, unpacked_run

__all__ = [
    "Ack",
    "Birth",
    "CborMessage",
    "Command",
    "CommandResult",
    "Config",
    "ConfigReported",
    "Count",
    "Death",
    "Health",
    "Hub",
    "IngestClaim",
    "IngestState",
    "LessonSpan",
    "PausedBy",
    "Seat",
    "SensorFault",
    "Timebase",
    "decode_state",
]

Run = Annotated[int, Field(ge=0, lt=1 << 63)]
Seq = Annotated[int, Field(ge=0, le=1 << 40)]
Count = Annotated[int, Field(ge=0, lt=1 << 63)]
Nanoseconds = Annotated[int, Field(ge=0, lt=1 << 63)]
Seat = Annotated[int, Field(ge=1, le=255)]
Code = Annotated[int, Field(ge=0, lt=1 << 16)]
Word = Annotated[str, Field(max_length=64)]
"""A boot, a version, a unit: nothing longer is kept or shown."""

_MAX_BYTES = 16_384
"""Apart from configurations, the largest are births with eight hubs: about 2 kB."""

VERSION = 1


class CborMessage(BaseModel):
    """The base of all of these: frozen, checked when built, encoded as CBOR."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    version: Literal[1] = 1
    max_bytes: ClassVar[int] = _MAX_BYTES
    """A longer payload is refused without decoding it."""
    max_items: ClassVar[int] = MAX_ITEMS
    """The same for one with more numbers, texts, lists and maps."""
    later: ClassVar[frozenset[str]] = frozenset()
    """Fields that came after version 1 was settled: left out while they say nothing."""

    @model_serializer(mode="wrap")
    def _without_the_usual(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        silent = {name for name in self.later if getattr(self, name) == fields[name].default}
        return {name: value for name, value in dump(self).items() if name not in silent}

    def encode(self) -> bytes:
        return cbor2.dumps(self.model_dump())

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """The message in a payload; raises PayloadError or UnknownVersionError."""
        return cls.from_map(load_map(payload, max_bytes=cls.max_bytes, max_items=cls.max_items))

    @classmethod
    def from_map(cls, fields: dict[object, object]) -> Self:
        version = fields.get("version")
        if type(version) is int and version > VERSION:
            raise UnknownVersionError(cls.__name__, version, VERSION)
        try:
            # Lax, because CBOR has arrays where the models have tuples.
            return cls.model_validate(fields, strict=False)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(key) for key in first["loc"]) or cls.__name__
            raise PayloadError(f"{cls.__name__} {where}", first["msg"]) from error


class Hub(CborMessage):
    """One hub of a node, as its HELLO describes it, or another source of readings."""

    later: ClassVar[frozenset[str]] = frozenset({"kind"})

    hub: Name
    firmware: Word
    seats: Annotated[tuple[Seat, ...], Field(max_length=255)]
    sample_rate_hz: float
    has_sound: bool
    kind: Word = "hub"
    """What it is to the node: a hub on a serial line, or a source such as `i2c`."""


class Birth(CborMessage):
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


class Death(CborMessage):
    """Retained on `state`: the run is gone. The broker (as the will) or the node itself says so."""

    is_up: Literal[False] = False
    node: Name
    run: Run
    boot: Word
    reason: Word
    """`stopped` when the node says so itself, `lost` when the broker does."""


class Timebase(CborMessage):
    """What UTC was when the boot clock showed `boot_ns`, and how certain that is."""

    node: Name
    run: Run
    boot: Word
    boot_ns: Nanoseconds
    utc_ns: Nanoseconds
    error_ns: Nanoseconds
    synchronised: bool


class SensorFault(CborMessage):
    """Why a seat, or the room's sound, has no value or a doubtful one: for a person to read."""

    hub: Name
    """The hub or source that it belongs to."""
    seat: Seat | None = None
    kind: Word
    """`absent`, `stuck`, `range`, `rate`, `settings`, or what a later version adds."""
    said: Annotated[str, Field(max_length=300)]
    """One sentence: what is wrong and what to do."""


PausedBy = Literal["button", "command", "fault", "kit", "page"]
"""What pauses a kit: its own button, a `pause` command, a button that does not answer, the button
of another kit of the room, a page."""


class ConfigReported(CborMessage):
    """Node → server: the revision that the node follows, and what it does at the moment."""

    later: ClassVar[frozenset[str]] = frozenset(
        {"paused_by", "button_since_utc_ns", "troubles", "settings"}
    )

    revision: Count
    is_sampling: bool
    paused_by: Annotated[tuple[Word, ...], Field(max_length=8)] = ()
    """Of `PausedBy`, and what later versions add: while there is one, nothing is sampled."""
    button_since_utc_ns: Nanoseconds | None = None
    """Since when the kit's own button pauses the room; None if it does not."""
    troubles: Annotated[
        tuple[Annotated[str, Field(max_length=300)], ...], Field(max_length=16)
    ] = ()
    """What the kit can't do, a sentence each: a setting that does not fit, a pin that is missing."""
    settings: Annotated[dict[Word, float], Field(max_length=32)] = {}  # pydantic copies it
    """Those of `Config.settings` that it follows."""


class Health(CborMessage):
    """A node's counters since its run began, each minute and at a clean stop.

    The counters are in seat-seconds: `sampled` what hubs delivered as good frames, `published`
    what was sent at least once, `acked` what ingest has kept, `waiting` what is in memory or in
    the outbox, `gap` what was sampled and then given up with a recorded gap, `unsampled` what
    was due and never arrived on the serial line.
    """

    later: ClassVar[frozenset[str]] = frozenset({"faults", "reported"})

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
    """Other kits that were alive under this node's name during this run."""
    faults: Annotated[tuple[SensorFault, ...], Field(max_length=64)] = ()
    """What is wrong with its sensors now."""
    reported: ConfigReported | None = None
    """What it follows, kept with the rest; None from a kit of an earlier version."""


class Ack(CborMessage):
    """Ingest has kept these seqs of a run, or of a part of it, durably: the node may forget them.

    On the wire the part is in the run's number. A kit of an earlier version would take an ack with
    a field for the part for an ack of the whole run, and forget what nobody has.
    """

    run: Annotated[int, Field(ge=0, lt=1 << RUN_BITS)]
    part: Annotated[int, Field(ge=0, le=MAX_PART)] = IN_TIME
    without_hole: Annotated[int, Field(ge=-1, le=1 << 40)]
    above: Annotated[tuple[tuple[Seq, Seq], ...], Field(max_length=64)] = ()
    """Kept ranges above `without_hole` as (first, last), the nearest ones."""

    def encode(self) -> bytes:
        fields = self.model_dump(exclude={"part"})
        return cbor2.dumps({**fields, "run": packed_run(self.run, self.part)})

    @classmethod
    def from_map(cls, fields: dict[object, object]) -> Self:
        number, part = fields.get("run"), IN_TIME
        if type(number) is int and 0 <= number < 1 << 63:
            number, part = unpacked_run(number)
        return super().from_map({**fields, "run": number, "part": part})

    @field_validator("above")
    @classmethod
    def _run_forwards(cls, ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        if any(first > last for first, last in ranges):
            raise ValueError("a range runs backwards")
        return ranges


class LessonSpan(CborMessage):
    """When to sense a room; without an end while the lesson runs."""

    lesson: Annotated[str, Field(max_length=255)]
    starts_utc_ns: Nanoseconds
    ends_utc_ns: Nanoseconds | None


class Config(CborMessage):
    """Retained, server → node: what the node should do. Outside lessons nothing is sampled."""

    max_bytes: ClassVar[int] = MAX_PAYLOAD_BYTES
    later: ClassVar[frozenset[str]] = frozenset({"paused_lessons", "paused_by", "settings"})

    revision: Count
    lessons: tuple[LessonSpan, ...]
    excluded_seats: tuple[Seat, ...] = ()
    """Seats that opted out: dropped at the edge before anything is computed."""
    paused_lessons: tuple[Annotated[str, Field(max_length=255)], ...] = ()
    """Lessons that a page has paused. Such a pause ends with its lesson."""
    paused_by: Annotated[tuple[Name, ...], Field(max_length=64)] = ()
    """Other kits of the room whose buttons are pressed: until they are not, this one waits too."""
    settings: Annotated[dict[Word, float], Field(max_length=32)] = {}  # pydantic copies it
    """What the kit is to have otherwise than in its own file, by the key's name."""


CommandName = Literal["identify", "restart", "pause", "resume", "start", "stop"]


class Command(CborMessage):
    """Server → node. `start` and `stop` take effect at once, whatever the timetable says."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    command: CommandName
    hub: Name | None = None


class CommandResult(CborMessage):
    """Node → server, repeating the command's id."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    is_done: bool
    why: Annotated[str, Field(max_length=500)] = ""


class IngestState(CborMessage):
    """Retained, ingest → all: data is sent only while this says up."""

    later: ClassVar[frozenset[str]] = frozenset({"instance"})

    is_up: bool
    started_utc_ns: Nanoseconds
    instance: Word = ""
    """Which ingest keeps the site, up or not for the moment; "" once it has gone."""


class IngestClaim(CborMessage):
    """Ingest → other ingests: who asks for a site, and who answers that it was there before."""

    instance: Annotated[str, Field(min_length=1, max_length=64)]
    says: Literal["asks", "holds"]
    where: Annotated[str, Field(max_length=300)]
    """The computer and the data directory, for a person to read."""


def decode_state(payload: bytes) -> Birth | Death:
    """The message on a node's `state` topic."""
    fields = load_map(payload, max_bytes=Birth.max_bytes)
    return Birth.from_map(fields) if fields.get("is_up") is True else Death.from_map(fields)
