"""Which seats are a row, and what may be said of it: three seats are the fewest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.language import _
from contract.lesson import Zone
from dashboard_api.views.text import joined_text
from models.features.zones import merge_zones

__all__ = ["FEWEST", "SeatRow", "epoch_levels", "seat_groups", "seat_rows", "used_seats"]

FEWEST: Final = 3
"""No row is shown with fewer seats in use."""
_LONGEST: Final = 4

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatRow:
    """Three or four seats that lie next to each other; more where few are in use."""

    groups: tuple[str, ...]
    """The zone or table that it belongs to; several only where tables are nearly empty."""
    seats: tuple[int, ...]

    @property
    def group(self) -> str:
        return " + ".join(self.groups)

    @property
    def numbers(self) -> str:
        """Such as "seats 1–4"."""
        return _("seats {numbers}", numbers=_numbers_text(self.seats))


def seat_groups(
    zones: Sequence[Zone], hubs: Sequence[Zone], seats: Collection[int]
) -> tuple[Zone, ...]:
    """The groups of seats that the room's layout knows: the lesson's zones, else the hubs.

    Each sensed seat is in one of them, in the first that has it.
    """
    left, groups = set(seats), []
    for zone in zones or hubs:
        if left.intersection(zone.seats):
            groups.append(zone)
            left.difference_update(zone.seats)
    if left:
        groups.append(Zone(name=_("Other seats"), seats=tuple(sorted(left))))
    return tuple(groups)


def seat_rows(groups: Sequence[Zone], used: Collection[int]) -> tuple[SeatRow, ...]:
    """The rows of a lesson, in the layout's order; none if fewer than three seats were in use.

    A row with fewer joins its neighbour for the whole lesson, at its own table if it can.
    """
    cut: list[Zone] = []
    for group in groups:
        cut += merge_zones(_cut(group), used, fewest=FEWEST) or (group,)
    return tuple(
        SeatRow(
            groups=tuple(group.name for group in groups if set(group.seats) & set(row.seats)),
            seats=row.seats,
        )
        for row in merge_zones(cut, used, fewest=FEWEST)
    )


def used_seats(seats: Sequence[int], movement: NDArray[np.float32]) -> set[int]:
    """The seats that were in use for most of the epochs (epochs, seats) in which any was."""
    is_used = ~np.isnan(movement)
    epochs = int(is_used.any(axis=1).sum())
    return {
        seat
        for seat, count in zip(seats, is_used.sum(axis=0).tolist(), strict=True)
        if count and 2 * count > epochs
    }


def epoch_levels(
    rows: Sequence[SeatRow], seats: Sequence[int], movement: NDArray[np.float32]
) -> list[Floats]:
    """Each row's movement in dB, (epochs,): the mean of its seats, NaN where it is not shown."""
    if not rows:
        return []
    column = {seat: at for at, seat in enumerate(seats)}
    parts = [movement[:, [column[s] for s in row.seats if s in column]] for row in rows]
    counts = np.stack([(~np.isnan(part)).sum(axis=1) for part in parts], axis=1)
    sums = np.stack([np.nansum(part, axis=1, dtype=np.float64) for part in parts], axis=1)
    patterns, which = np.unique(counts, axis=0, return_inverse=True)
    tables = _tables(rows)
    shown = np.array([_shown(pattern, tables) for pattern in patterns.tolist()])
    is_shown = shown.reshape(-1, len(rows))[which.reshape(-1)]
    levels = np.where(is_shown & (counts > 0), sums / np.maximum(counts, 1), np.nan)
    return list(levels.T)


def _cut(group: Zone) -> list[Zone]:
    """A group in rows of four, three where four do not go; in the order of the layout."""
    n = len(group.seats)
    number = max(1, min(-(-n // _LONGEST), n // FEWEST))
    size, longer = divmod(n, number)
    rows, at = [], 0
    for i in range(number):
        end = at + size + (i < longer)
        rows.append(Zone(name=group.name, seats=group.seats[at:end]))
        at = end
    return rows


def _tables(rows: Sequence[SeatRow]) -> list[list[int]]:
    """The places of rows that share a group."""
    tables: list[tuple[set[str], list[int]]] = []
    for at, row in enumerate(rows):
        names, places = set(row.groups), [at]
        for known in [table for table in tables if table[0] & names]:
            tables.remove(known)
            names, places = names | known[0], known[1] + places
        tables.append((names, places))
    return [places for _, places in tables]


def _shown(counts: Sequence[int], tables: Sequence[Sequence[int]]) -> list[bool]:
    """Which rows to show, by how many seats of each are in use.

    A table whose rows have one or two seats in use is left out as a whole, since its zone on the
    timeline would reveal them; and so is a second one, if the room would.
    """
    left = [t for t in tables if not any(0 < counts[at] < FEWEST for at in t)]
    total = sum(counts)
    while left and 0 < total - sum(counts[at] for t in left for at in t) < FEWEST:
        left.remove(min(left, key=lambda t: sum(counts[at] for at in t) or total))
    places = {at for t in left for at in t}
    return [at in places for at in range(len(counts))]


def _numbers_text(seats: Collection[int]) -> str:
    """Such as "1–4" or "1–3, 7 and 9"."""
    runs: list[list[int]] = []
    for seat in sorted(seats):
        if runs and runs[-1][-1] == seat - 1:
            runs[-1].append(seat)
        else:
            runs.append([seat])
    return joined_text([f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs])
