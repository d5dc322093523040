"""Which clock records of a boot have to be kept so that it is dated as by all of them.

A kit sends a record each minute for as long as it is up, and nearly always they say the same. What
lies between two kept records and says what the first of them says is left out; the first one stays
the anchor, so that slow drift is not swallowed step by step. Records on both sides of a hole (more
than `HOLE_NS` without one) stay, because what comes later may belong there and place a step. One
that comes later into a span without a hole and contradicts it is refuted by its neighbours.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

__all__ = ["HOLE_NS", "TOLERANCE_NS", "ClockMark", "fitted", "insert"]

HOLE_NS: Final = 90_000_000_000
"""Kits send a record each minute: after one and a half, one is missing."""
TOLERANCE_NS: Final = 10_000_000
"""How far what is left out may be from the anchor: dates differ by at most twice as much."""


class ClockMark(NamedTuple):
    """One record of a boot: where its clock stood against UTC."""

    boot_ns: int
    utc_ns: int
    error_ns: int
    run: int
    received_utc_ns: int
    is_thinned: bool = False
    """Records between the one before and this one were left out."""

    @property
    def offset_ns(self) -> int:
        """UTC minus boot clock."""
        return self.utc_ns - self.boot_ns


def fitted(
    before: Sequence[ClockMark], after: Sequence[ClockMark], new: ClockMark
) -> tuple[list[int], list[ClockMark]]:
    """What a new record changes: the places on the boot clock that go, and the marks to be put.

    `before` are the three marks up to the new one's place, or as many as there are, and `after`
    the two beyond it, both in order. What is to be put may take the place of a known mark.
    """
    rows = [*before, new, *after]
    at = len(before)
    if before and before[-1].boot_ns == new.boot_ns:
        known = before[-1]
        is_between = known.is_thinned or bool(after and after[0].is_thinned)
        if is_between or (known.error_ns, known.utc_ns) <= (new.error_ns, new.utc_ns):
            return [], []
        rows = [*before[:-1], new, *after]
        at -= 1
    elif after and after[0].is_thinned:
        return [], []  # between marks that were close together: it says the same, or is refuted
    touched = {new.boot_ns}
    gone: list[int] = []
    middle = max(1, at - 1)
    while middle < len(rows) - 1 and middle <= at + 1:
        if _is_spare(*rows[middle - 1 : middle + 2]):
            gone.append(rows.pop(middle).boot_ns)
            rows[middle] = rows[middle]._replace(is_thinned=True)
            touched.add(rows[middle].boot_ns)
            at -= 1
        else:
            middle += 1
    return gone, [row for row in rows if row.boot_ns in touched]


def insert(marks: list[ClockMark], new: ClockMark) -> None:
    """Take a record into a boot's marks, which are in order, in place."""
    at = bisect_right(marks, new.boot_ns, key=lambda mark: mark.boot_ns)
    gone, put = fitted(marks[max(0, at - 3) : at], marks[at : at + 2], new)
    fresh = {mark.boot_ns: mark for mark in marks[max(0, at - 3) : at + 2]}
    for boot_ns in gone:
        fresh.pop(boot_ns, None)
    fresh |= {mark.boot_ns: mark for mark in put}
    marks[max(0, at - 3) : at + 2] = [fresh[boot_ns] for boot_ns in sorted(fresh)]


def _is_spare(anchor: ClockMark, mark: ClockMark, following: ClockMark) -> bool:
    """Whether a mark says nothing that its neighbours don't say."""
    has_hole = (
        (mark.boot_ns - anchor.boot_ns > HOLE_NS and not mark.is_thinned)
        or following.boot_ns - mark.boot_ns > HOLE_NS
        or following.is_thinned
    )
    if has_hole:
        return False
    tolerance_ns = min(anchor.error_ns, mark.error_ns, following.error_ns) // 2
    tolerance_ns = min(tolerance_ns, TOLERANCE_NS)
    return all(abs(each.offset_ns - anchor.offset_ns) <= tolerance_ns for each in (mark, following))
