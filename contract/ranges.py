"""Sets of seqs as sorted, disjoint, inclusive ranges."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

__all__ = ["SeqRanges"]


class SeqRanges:
    """A growing set of seqs that takes one pair of numbers for each range."""

    __slots__ = ("_firsts", "_lasts")
    __hash__ = None  # type: ignore[assignment]  # it grows

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in ranges:
            self.add(first, last)

    @classmethod
    def copy(cls, of: SeqRanges) -> SeqRanges:
        """Another set with the same seqs."""
        made = cls()
        made._firsts, made._lasts = of._firsts[:], of._lasts[:]
        return made

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._firsts, self._lasts, strict=True)

    def __len__(self) -> int:
        """How many seqs are in the set."""
        return sum(self._lasts) - sum(self._firsts) + len(self._firsts)

    def __contains__(self, seq: int) -> bool:
        i = bisect_right(self._firsts, seq) - 1
        return i >= 0 and self._lasts[i] >= seq

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SeqRanges) and self.spans() == other.spans()

    def __repr__(self) -> str:
        return f"SeqRanges({self.spans()!r})"

    def spans(self) -> list[tuple[int, int]]:
        """The ranges as a list.

        `list(ranges)` would first allocate `len(ranges)` entries, one for each seq: a single range
        could take all memory.
        """
        return list(iter(self))

    def add(self, first: int, last: int) -> None:
        """Add first … last, joining ranges that touch."""
        if last < first:
            raise ValueError(f"a range runs from {first} to {last}, backwards")
        firsts, lasts = self._firsts, self._lasts
        if lasts and first > lasts[-1]:  # the usual case: the next period
            if first == lasts[-1] + 1:
                lasts[-1] = last
            else:
                firsts.append(first)
                lasts.append(last)
            return
        start = bisect_left(lasts, first - 1)
        stop = bisect_right(firsts, last + 1)
        if start < stop:
            first = min(first, firsts[start])
            last = max(last, lasts[stop - 1])
        firsts[start:stop] = [first]
        lasts[start:stop] = [last]

    def missing(self, first: int, last: int) -> list[tuple[int, int]]:
        """The ranges within first … last that are not in the set."""
        holes: list[tuple[int, int]] = []
        i = bisect_left(self._lasts, first)
        while first <= last:
            if i == len(self._firsts) or self._firsts[i] > last:
                holes.append((first, last))
                break
            if self._firsts[i] > first:
                holes.append((first, self._firsts[i] - 1))
            first = self._lasts[i] + 1
            i += 1
        return holes

    @property
    def count(self) -> int:
        """How many ranges there are."""
        return len(self._firsts)

    def around(self, seq: int) -> tuple[int, int] | None:
        """The range that holds a seq."""
        i = bisect_right(self._firsts, seq) - 1
        if i < 0 or self._lasts[i] < seq:
            return None
        return self._firsts[i], self._lasts[i]

    def above(self, seq: int, limit: int) -> list[tuple[int, int]]:
        """The first `limit` ranges that begin above a seq."""
        i = bisect_right(self._firsts, seq)
        return list(zip(self._firsts[i : i + limit], self._lasts[i : i + limit], strict=True))

    def last_range(self) -> tuple[int, int] | None:
        """The highest range."""
        return (self._firsts[-1], self._lasts[-1]) if self._firsts else None

    def without_hole(self) -> int:
        """The highest seq up to which every seq from 0 on is in the set; -1 if 0 is not."""
        return self._lasts[0] if self._firsts and self._firsts[0] == 0 else -1
