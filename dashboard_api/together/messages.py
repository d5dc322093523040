"""What a page may say in a debrief, how large and how often: read here, and refused in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from contract.clock import SECOND_NS
from contract.errors import RoomtoneError
from contract.language import _
from dashboard_api.views.agenda import AGENDA

__all__ = [
    "FLOOD",
    "FULL",
    "GARBAGE",
    "MAX_MESSAGE_BYTES",
    "NOT_NOW",
    "NOT_OPEN",
    "REPLACED",
    "SIGNED_OUT",
    "TOO_LARGE",
    "Allowance",
    "ClosedError",
    "Follow",
    "Join",
    "Known",
    "Lead",
    "Message",
    "Move",
    "Ping",
    "Spare",
    "Turn",
    "read_message",
]

MAX_MESSAGE_BYTES: Final = 2_048
"""The longest that a page sends has about 300."""

# The codes with which a socket closes; the pages' scripts know them too.
GARBAGE: Final = 4400
SIGNED_OUT: Final = 4401
NOT_OPEN: Final = 4404
REPLACED: Final = 4409
TOO_LARGE: Final = 4413
FLOOD: Final = 4429
NOT_NOW: Final = 4500
FULL: Final = 4503


class ClosedError(RoomtoneError):
    """A socket has to close: with which code, and in a sentence why."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)


Position = Annotated[float, Field(ge=0, le=86_400)]
Rate = Annotated[float, Field(ge=0.1, le=8)]
StepNumber = Annotated[int, Field(ge=0, lt=len(AGENDA))]


class Known(_Message):
    """What a page still knows of a debrief when the server has forgotten it, as after a restart."""

    position_s: Position
    is_playing: bool
    rate: Rate
    age_ms: Annotated[float, Field(ge=0, le=600_000)]
    """How long ago the position was this one."""
    step: StepNumber | None = None
    """Where in the agenda the talk was."""
    step_age_ms: Annotated[float, Field(ge=0, le=86_400_000)] = 0.0


class Join(_Message):
    """The first message of each socket."""

    type: Literal["join"]
    client: Annotated[str, Field(pattern=r"^[0-9a-f]{16,32}$")]
    """Drawn by each page: it stays the same when the page connects again."""
    person: Annotated[str, Field(max_length=100)]
    """For whom the page was made."""
    known: Known | None = None
    has_led: bool = False


class Spare(_Message):
    """The first message of a page's second socket, which carries moves and playheads once more.

    A packet that is lost holds up what comes behind it on its own connection alone.
    """

    type: Literal["spare"]
    client: Annotated[str, Field(pattern=r"^[0-9a-f]{16,32}$")]
    person: Annotated[str, Field(max_length=100)]


class Ping(_Message):
    """Asks for the room's time."""

    type: Literal["ping"]
    number: Annotated[int, Field(ge=0, le=1 << 31)]


class Move(_Message):
    """Where the one who leads is."""

    type: Literal["move"]
    position_s: Position
    is_playing: bool
    rate: Rate
    at_ms: Annotated[float | None, Field(ge=-1e12, le=1e12)] = None
    """When that was, by the room's clock as the page knows it."""
    number: Annotated[int | None, Field(ge=1, le=1 << 31)] = None
    """Grows with each move of a page, so that one which comes twice, or late, counts once."""


class Lead(_Message):
    """Takes the lead."""

    type: Literal["lead"]


class Follow(_Message):
    """Follows who leads, or looks alone."""

    type: Literal["follow"]
    is_on: bool


class Turn(_Message):
    """Goes to a step of the agenda."""

    type: Literal["turn"]
    step: StepNumber


Message = Join | Spare | Ping | Move | Lead | Follow | Turn
_ANY: Final[TypeAdapter[Message]] = TypeAdapter(Annotated[Message, Field(discriminator="type")])


def read_message(text: str) -> Message:
    """A message; raises ClosedError for what is too large or none of ours."""
    if len(text) > MAX_MESSAGE_BYTES or len(text.encode("utf-8", "replace")) > MAX_MESSAGE_BYTES:
        raise ClosedError(
            TOO_LARGE, _("A message of a debrief has {n} bytes at most.", n=MAX_MESSAGE_BYTES)
        )
    try:
        return _ANY.validate_json(text)
    except ValidationError:
        raise ClosedError(GARBAGE, _("This is no message of a debrief.")) from None


@dataclass(slots=True)
class Allowance:
    """How many messages one socket may send: some at once, and so many a second."""

    burst: float = 60.0
    per_s: float = 20.0
    _left: float = 60.0
    _at_ns: int | None = None

    def take(self, now_ns: int) -> None:
        """Count one; raises ClosedError when there are too many."""
        passed = 0 if self._at_ns is None else max(0, now_ns - self._at_ns)
        self._at_ns = now_ns
        self._left = min(self.burst, self._left + self.per_s * passed / SECOND_NS)
        if self._left < 1:
            raise ClosedError(
                FLOOD, _("A page of a debrief may send {n} messages a second.", n=f"{self.per_s:g}")
            )
        self._left -= 1
