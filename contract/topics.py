"""MQTT topics: `roomtone/1/{site}/{room}/{node}/{kind}`, and ingest's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from contract.errors import DecodeError

__all__ = ["KINDS", "NAME", "Topic", "TopicKind", "ingest_claim", "ingest_state", "subscription"]

TopicKind = Literal[
    "state",
    "data",
    "timebase",
    "health",
    "ack",
    "config",
    "config/reported",
    "command",
    "command/result",
]
KINDS: Final[tuple[TopicKind, ...]] = get_args(TopicKind)

NAME: Final = r"[a-z0-9][a-z0-9_-]{0,31}"
"""The name of a site, a room or a node: lower case, so that two never differ by case alone."""

_PREFIX: Final = "roomtone/1"
_NAME_RE: Final = re.compile(NAME)
# The second level of ingest's own topic; a room with this name would collide with it.
_RESERVED: Final = frozenset({"ingest"})


@dataclass(frozen=True, slots=True)
class Topic:
    """A node's topic, split into its levels."""

    site: str
    room: str
    node: str
    kind: TopicKind

    def __post_init__(self) -> None:
        for field in ("site", "room", "node"):
            name = getattr(self, field)
            if not _NAME_RE.fullmatch(name):
                raise DecodeError(
                    f"topic {field}",
                    f"{name!r} is not a name of 1 to 32 of a-z, 0-9, '-' and '_'",
                )
        if self.room in _RESERVED:
            raise DecodeError("topic room", f"{self.room!r} is reserved")
        if self.kind not in KINDS:
            raise DecodeError("topic kind", f"{self.kind!r} is none of {', '.join(KINDS)}")

    def __str__(self) -> str:
        return f"{_PREFIX}/{self.site}/{self.room}/{self.node}/{self.kind}"

    @classmethod
    def parse(cls, text: str) -> Topic:
        """Split a topic; raises DecodeError if it is not one of ours."""
        if not text.startswith(_PREFIX + "/"):
            raise DecodeError("topic", f"{text!r} does not start with {_PREFIX}/")
        levels = text[len(_PREFIX) + 1 :].split("/", 3)
        if len(levels) != 4:
            raise DecodeError("topic", f"{text!r} is not site/room/node/kind")
        return cls(levels[0], levels[1], levels[2], levels[3])  # type: ignore[arg-type]


def subscription(site: str, kind: TopicKind) -> str:
    """The filter for one kind of message from every node of a site."""
    return f"{_PREFIX}/{site}/+/+/{kind}"


def ingest_state(site: str) -> str:
    """The topic where ingest says, retained, whether it is up."""
    return f"{_PREFIX}/{site}/ingest/state"


def ingest_claim(site: str) -> str:
    """The topic where the ingests that want to keep a site hear of one another."""
    return f"{_PREFIX}/{site}/ingest/claim"
