"""Mosquitto's access list: each kit writes for its own room alone, under its own name alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from contract.topics import Topic, TopicKind, ingest_state

__all__ = ["RESERVED", "Place", "access_list"]

SERVER: Final = "server"
RESERVED: Final = frozenset({SERVER, "broker", "probe", "ingest", "roomtone"})
"""No kit has one of these names: they have, or may get, rights of their own."""

_WRITES: Final[tuple[TopicKind, ...]] = (
    "state", "data", "timebase", "health", "config/reported", "command/result",
)  # fmt: skip
_READS: Final[tuple[TopicKind, ...]] = ("state", "ack", "config", "command")
_HEAD: Final = """\
# Made by Roomtone's authority from the kits that it knows; what is changed here is replaced.
# The user's name is the common name of the certificate. Who is not here may do nothing.
"""


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A node in a room."""

    node: str
    site: str
    room: str


def access_list(sites: Iterable[str], places: Iterable[Place], *, more: str = "") -> str:
    """The list for the server's sites and the kits that may connect; `more` follows the server's."""
    lines = [_HEAD, f"user {SERVER}"]
    for site in sites:
        lines += [
            f"topic read roomtone/1/{site}/#",
            *(f"topic write roomtone/1/{site}/+/+/{kind}" for kind in ("ack", "config", "command")),
            f"topic write roomtone/1/{site}/ingest/#",
        ]
    lines += more.splitlines()
    node = None
    for place in sorted(set(places)):
        if place.node != node:
            node = place.node
            lines += ["", f"user {node}"]
        topics = {
            way: (str(Topic(place.site, place.room, node, kind)) for kind in kinds)
            for way, kinds in (("write", _WRITES), ("read", _READS))
        }
        lines += [f"topic {way} {topic}" for way, found in topics.items() for topic in found]
        lines.append(f"topic read {ingest_state(place.site)}")
    return "\n".join(lines) + "\n"
