"""Puts the parts of a run together again when it is read: see `contract/wire/parts.py`.

Each part is a stream of its own for everything that keeps, seals and removes. Whoever reads a run
gets one row a second with what came in time and what came late, and gaps that name exactly the
seats of which nothing is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from contract.quantities.table import MISSING
from contract.ranges import SeqRanges
from contract.wire.parts import SOUND_LINE, is_late_part, line_of
from contract.wire.payload import Layout
from ingest.stores.format.pieces import joined
from ingest.stores.records import Change, GapRecord, Periods, Stream
from ingest.stores.rules.seal_schedule import Kind

__all__ = ["LineParts", "by_line", "gaps_of_all", "merge_part_changes", "with_late"]


@dataclass(slots=True, kw_only=True)
class LineParts:
    """What is recorded of one line beside what closed in time."""

    line: int
    late: SeqRanges
    """Seqs that are kept with values."""
    gaps: list[GapRecord]
    """What came and is gone, or could not be used."""
    without: list[GapRecord]
    """Periods that closed without it."""

    @property
    def seats(self) -> frozenset[int]:
        """Those of the line; any gap of it names them."""
        return frozenset(seat for gap in self.without or self.gaps for seat in gap.seats)


def by_line(parts: Iterable[tuple[int, SeqRanges, list[GapRecord]]]) -> list[LineParts]:
    """The parts of a run, (part, seqs with values, gaps), put together by line."""
    lines: dict[int, LineParts] = {}
    for part, data, gaps in parts:
        line = line_of(part)
        known = lines.setdefault(line, LineParts(line=line, late=SeqRanges(), gaps=[], without=[]))
        if is_late_part(part):
            known.late, known.gaps = data, gaps
        else:
            known.without = gaps
    return [lines[line] for line in sorted(lines)]


def gaps_of_all(
    stream_id: int, main: list[GapRecord], lines: Sequence[LineParts]
) -> list[GapRecord]:
    """The gaps of a run: what a line's part says of it holds, wherever it says anything."""
    found = [piece for gap in main for piece in _without_lines(gap, lines)]
    for line in lines:
        kind: Kind = "room" if line.line == SOUND_LINE else "seat"
        covered, its = SeqRanges(line.late), line.seats
        for gap in line.gaps:
            if gap.kind in (None, kind):
                covered.add(gap.first_seq, gap.last_seq)
                # What was damaged may name more than were in it.
                seats = tuple(seat for seat in gap.seats if seat in its)
                found.append(
                    replace(gap, stream_id=stream_id, seats=seats, kind=kind, line=line.line)
                )
        for gap in line.without:
            for first, last in covered.missing(gap.first_seq, gap.last_seq):
                found.append(
                    replace(gap, stream_id=stream_id, first_seq=first, last_seq=last, kind=kind,
                            line=line.line)
                )  # fmt: skip
    return sorted(found, key=lambda gap: (gap.first_seq, gap.line))


def merge_part_changes(
    changes: Iterable[Change], main_of: Callable[[int], tuple[int | None, int]]
) -> list[Change]:
    """Changes as who reads a run wants them; `main_of` says whose part a stream is, and which.

    What came late is said of the run; that a period closed without a hub shows by itself.
    """
    found = []
    for change in changes:
        main_id, part = main_of(change.stream_id)
        if main_id is None:
            found.append(change)
        elif is_late_part(part) and not change.is_gap:
            found.append(replace(change, stream_id=main_id, is_late=True))
    return found


def with_late(
    stream: Stream, main: list[Periods], late: list[Periods], known: SeqRanges
) -> list[Periods]:
    """A run's periods with what came late of some lines in its place.

    Seconds that the run itself does not have are there if they are `known`: then a gap takes the
    place of the rest. Else that is still to come.
    """
    if not late:
        return main
    pieces = main[:]
    for periods in late:
        rest = np.ones(len(periods.seqs), np.bool_)
        for at, piece in enumerate(pieces):
            here = np.isin(periods.seqs, piece.seqs)
            if here.any():
                pieces[at] = _filled(piece, periods, here)
                rest &= ~here
        if rest.any():
            rest &= np.array([seq in known for seq in periods.seqs.tolist()], np.bool_)
        if rest.any():
            pieces.append(replace(periods.part(rest), stream=stream))
    return joined(pieces)


def _filled(piece: Periods, late: Periods, here: NDArray[np.bool_]) -> Periods:
    """A piece with a line's values where it has none; missing is the highest number."""
    values = piece.values.copy()
    rows = np.searchsorted(piece.seqs, late.seqs[here])
    values[rows] = np.minimum(values[rows], _laid_out(late.values[here], late.layout, piece.layout))
    return replace(piece, values=values)


def _laid_out(values: NDArray[np.uint16], of: Layout, wanted: Layout) -> NDArray[np.uint16]:
    if of == wanted:
        return values
    columns = {name: at for at, name in enumerate(_columns(of))}
    out = np.full((len(values), wanted.width), MISSING, np.uint16)
    for at, name in enumerate(_columns(wanted)):
        if name in columns:
            out[:, at] = values[:, columns[name]]
    return out


def _columns(layout: Layout) -> Iterator[tuple[int, int]]:
    """(quantity, seat) of each column; the room's have seat -1."""
    for code in layout.seat_codes:
        yield from ((code, seat) for seat in layout.seats)
    yield from ((code, -1) for code in layout.room_codes)


def _without_lines(gap: GapRecord, lines: Sequence[LineParts]) -> Iterator[GapRecord]:
    """A gap of the run itself, without the seats of lines wherever their parts speak for them."""
    spans = [(line, SeqRanges(line.late)) for line in lines if line.seats]
    for line, said in spans:
        for each in (*line.gaps, *line.without):
            said.add(each.first_seq, each.last_seq)
    inside = [
        (line, first, last)
        for line, said in spans
        for first, last in said
        if first <= gap.last_seq and last >= gap.first_seq
    ]
    if gap.kind is not None or not gap.seats or not inside:
        yield gap
        return
    edges = {gap.first_seq, gap.last_seq + 1}
    for _, first, last in inside:
        edges |= {max(first, gap.first_seq), min(last, gap.last_seq) + 1}
    for first, after in pairwise(sorted(edges)):
        spoken = frozenset[int]().union(
            *(line.seats for line, low, high in inside if low <= first <= high)
        )
        seats = tuple(seat for seat in gap.seats if seat not in spoken)
        yield replace(gap, first_seq=first, last_seq=after - 1, seats=seats)
