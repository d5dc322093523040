"""A room's plan as text, and the zones of neighbouring seats that it makes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from string import ascii_uppercase
from typing import Final

from contract.errors import UsageError
from contract.language import _
from contract.lesson import SMALLEST_ZONE, Zone
from school.rooms.records import Plan

__all__ = [
    "HIGHEST_SEAT",
    "number_ranges",
    "plan_of_size",
    "plan_text",
    "read_plan",
    "zones_by_layout",
]

HIGHEST_SEAT: Final = 255
_NOTHING: Final = frozenset({".", "-", "_"})
_IN_A_LINE: Final = 6
_MAX_LINES: Final = 60
_LARGEST_ZONE: Final = 10
"""A zone with more seats is cut in two, if both have enough."""

_Places = list[tuple[int, int, int]]
"""(line, column, seat)"""


def read_plan(text: str, where: str) -> Plan:
    """Lines from the front of the room to the back; a number is a seat, `.` a place without one.

    A line without a seat is an aisle. Raises UsageError, which names the line.
    """
    lines: list[tuple[int | None, ...]] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words and not lines:
            continue
        lines.append(tuple(_seat(word, f"{where}, line {number}") for word in words))
    while lines and not any(lines[-1]):
        lines.pop()
    width = max(map(len, lines), default=0)
    plan = tuple((*line, *[None] * (width - len(line))) for line in lines)
    _require(plan, where)
    return plan


def plan_of_size(seats: int) -> Plan:
    """Seats 1 to `seats` in lines of six; raises UsageError if there can't be so many."""
    if not 1 <= seats <= HIGHEST_SEAT:
        raise UsageError(
            _(
                "A room has 1 to {highest_seat} seats, not {seats}.",
                highest_seat=HIGHEST_SEAT,
                seats=seats,
            )
        )
    numbers: list[int | None] = list(range(1, seats + 1))
    numbers += [None] * (-len(numbers) % min(_IN_A_LINE, seats))
    width = min(_IN_A_LINE, seats)
    return tuple(tuple(numbers[at : at + width]) for at in range(0, len(numbers), width))


def plan_text(plan: Plan) -> str:
    """The plan as `read_plan` takes it."""
    return "\n".join(
        " ".join(f"{'.' if seat is None else seat:>3}" for seat in line).rstrip() for line in plan
    )


def number_ranges(seats: Sequence[int]) -> str:
    """Seat numbers in short: `1-8, 12`."""
    spans: list[list[int]] = []
    for seat in sorted(seats):
        if spans and seat == spans[-1][1] + 1:
            spans[-1][1] = seat
        else:
            spans.append([seat, seat])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in spans)


def zones_by_layout(plan: Plan) -> tuple[Zone, ...]:
    """Zones of neighbouring seats, each of five or more, A at the front left; none for fewer seats.

    Cut where the aisles are, then where a zone is large, and never so that one gets too small.
    """
    places = [
        (at, column, seat)
        for at, line in enumerate(plan)
        for column, seat in enumerate(line)
        if seat is not None
    ]
    if len(places) < SMALLEST_ZONE:
        return ()
    groups = sorted(
        _cut(places), key=lambda group: (min(p[0] for p in group), min(p[1] for p in group))
    )
    names = [*ascii_uppercase, *(a + b for a in ascii_uppercase for b in ascii_uppercase)]
    return tuple(
        Zone(name=names[at], seats=tuple(seat for *_, seat in sorted(group)))
        for at, group in enumerate(groups)
    )


def _cut(places: _Places) -> list[_Places]:
    """The parts of a group of places, or the group itself."""
    best: tuple[tuple[bool, bool, int], _Places, _Places] | None = None
    spans = [max(p[axis] for p in places) - min(p[axis] for p in places) for axis in (0, 1)]
    for axis in (0, 1):
        used = sorted({place[axis] for place in places})
        for before, after in pairwise(used):
            first = [place for place in places if place[axis] <= before]
            second = [place for place in places if place[axis] >= after]
            if min(len(first), len(second)) < SMALLEST_ZONE:
                continue
            is_aisle = after - before > 1
            if not is_aisle and len(places) <= _LARGEST_ZONE:
                continue
            worth = (is_aisle, spans[axis] >= spans[1 - axis], -abs(len(first) - len(second)))
            if best is None or worth > best[0]:
                best = worth, first, second
    return [places] if best is None else [*_cut(best[1]), *_cut(best[2])]


def _seat(word: str, where: str) -> int | None:
    if word in _NOTHING:
        return None
    if word.isascii() and word.isdecimal() and 1 <= int(word) <= HIGHEST_SEAT:
        return int(word)
    raise UsageError(
        _(
            "{where}: “{word}” is no seat; a plan has numbers from 1 to {highest_seat}, and a dot "
            "where no seat is.",
            where=where,
            word=word[:20],
            highest_seat=HIGHEST_SEAT,
        )
    )


def _require(plan: Plan, where: str) -> None:
    seats = [seat for line in plan for seat in line if seat is not None]
    if not seats:
        raise UsageError(
            _(
                "{where} has no seat; write the seats' numbers, a line of the room a line.",
                where=where,
            )
        )
    twice = next((seat for seat in seats if seats.count(seat) > 1), None)
    if twice is not None:
        raise UsageError(
            _(
                "{where} has seat {twice} twice; each seat has a number of its own.",
                where=where,
                twice=twice,
            )
        )
    if len(plan) > _MAX_LINES or len(plan[0]) > _MAX_LINES:
        raise UsageError(
            _(
                "{where} has more than {max_lines} lines or columns.",
                where=where,
                max_lines=_MAX_LINES,
            )
        )
