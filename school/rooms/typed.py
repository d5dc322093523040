"""Zones and hubs as a technician types them: `window:1-8`, `door:9-16@/dev/ttyUSB1`. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from contract.errors import UsageError
from contract.language import _
from contract.lesson import Zone
from school.rooms.defaults import default_port
from school.rooms.layout import HIGHEST_SEAT
from school.rooms.records import Hub

__all__ = ["hub_text", "read_hubs", "read_zones", "zone_text"]

_RANGE: Final = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")


def read_zones(texts: Sequence[str]) -> tuple[Zone, ...]:
    """Zones, one each; raises UsageError."""
    found: list[Zone] = []
    for text in texts:
        name, _colon, seats = text.rpartition(":")
        found.append(Zone(name=name.strip(), seats=_seats(seats, text)))
    return tuple(found)


def read_hubs(texts: Sequence[str]) -> tuple[Hub, ...]:
    """Hubs, one each, in their order on the kit; raises UsageError."""
    found: list[Hub] = []
    for number, text in enumerate(texts, 1):
        name, _colon, rest = text.partition(":")
        seats, _at, port = rest.partition("@")
        found.append(
            Hub(
                name=name.strip(), seats=_seats(seats, text),
                port=port.strip() or default_port(number),
            )
        )  # fmt: skip
    return tuple(found)


def hub_text(hub: Hub, number: int) -> str:
    """A hub as `read_hubs` takes it; the how many-th of its kit it is."""
    port = "" if hub.port == default_port(number) else f" @ {hub.port}"
    return f"{hub.name}: {_in_order(hub.seats)}{port}"


def zone_text(zone: Zone) -> str:
    """A zone as `read_zones` takes it."""
    return f"{zone.name}: {_in_order(zone.seats)}"


def _in_order(seats: Sequence[int]) -> str:
    """Seats in the order in which they are given, rising ones in short."""
    spans: list[list[int]] = []
    for seat in seats:
        if spans and seat == spans[-1][1] + 1:
            spans[-1][1] = seat
        else:
            spans.append([seat, seat])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in spans)


def _seats(text: str, whole: str) -> tuple[int, ...]:
    seats: list[int] = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        first = int(match[1]) if match else 0
        last = int(match[2] or first) if match else 0
        if not 1 <= first <= last <= HIGHEST_SEAT:
            raise UsageError(
                _(
                    "“{whole}”: “{part}” is no seat and no range; expected NAME:SEATS, such as "
                    "window:1-8 or door:9,10,12-16.",
                    whole=whole[:80], part=part.strip()[:40],
                )
            )  # fmt: skip
        seats += range(first, last + 1)
    return tuple(seats)
