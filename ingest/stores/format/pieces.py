"""Puts what is live and what is sealed together again: periods in order, each seq once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from contract.quantities.table import MISSING
from contract.wire.payload import Layout
from ingest.stores.format.schema import HEADER, LIVE, is_sound, seqs_of
from ingest.stores.records import Periods, Stream
from ingest.stores.rules.seal_schedule import Kind

__all__ = ["Decoded", "Piece", "joined", "live_pieces", "with_both_kinds"]

Decoded = tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.uint16]]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Periods of one layout at rising seqs, from one place."""

    layout: Layout
    seqs: NDArray[np.int64]
    values: NDArray[np.uint16]
    is_live: NDArray[np.bool_]

    def between(self, first: int, last: int) -> Piece:
        """Its periods from first to last."""
        if len(self.seqs) == 0 or (first <= self.seqs[0] and self.seqs[-1] <= last):
            return self
        low, high = np.searchsorted(self.seqs, [first, last + 1])
        return self._part(slice(int(low), int(high)))

    def _part(self, part: slice) -> Piece:
        return Piece(self.layout, self.seqs[part], self.values[part], self.is_live[part])


def live_pieces(
    rows: list[tuple[int, bytes]], start: int, layout_of: Callable[[int], Layout]
) -> list[Piece]:
    """A stream's live rows (key, header and values), in order of key, cut where the layout changes.

    What is damaged is left out: a reading that is not there is better than a wrong one.
    """
    rows = [row for row in rows if is_sound(row[1])]
    if not rows:
        return []
    keys = [k for k, _ in rows]
    bodies = [v for _, v in rows]
    if len({v[:2] for v in bodies}) == 1:
        return [_live_piece(keys, bodies, start, layout_of)]
    pieces = []
    for _, group in groupby(zip(keys, bodies, strict=True), key=lambda row: row[1][:2]):
        part = list(group)
        pieces.append(_live_piece([k for k, _ in part], [v for _, v in part], start, layout_of))
    return pieces


def _live_piece(
    keys: list[int], bodies: list[bytes], start: int, layout_of: Callable[[int], Layout]
) -> Piece:
    layout = layout_of(int.from_bytes(bodies[0][:2], "little"))
    words = np.frombuffer(b"".join(bodies), dtype="<u2")
    head = HEADER.itemsize // 2
    words = words.reshape(len(bodies), head + layout.width)
    return Piece(
        layout,
        seqs_of(np.array(keys, dtype=np.int64), start),
        words[:, head:],
        (words[:, 1] & LIVE).astype(np.bool_),
    )


def with_both_kinds(layout: Layout, decoded: Mapping[Kind, Decoded]) -> Piece:
    """A sealed chunk's rows from its seat part and its room part; a part that is gone is missing."""
    seqs, is_live, _ = next(iter(decoded.values()))
    cut = len(layout.seat_codes) * len(layout.seats)
    values = np.empty((len(seqs), layout.width), dtype=np.uint16)
    spans: dict[Kind, NDArray[np.uint16]] = {"seat": values[:, :cut], "room": values[:, cut:]}
    for kind, columns in spans.items():
        part = decoded.get(kind)
        columns[:] = MISSING if part is None else part[2]
    return Piece(layout, seqs, values, is_live)


def joined(stream: Stream, pieces: list[Piece]) -> list[Periods]:
    """Pieces whose seqs nowhere coincide, as periods in order, cut where the layout changes."""
    ordered = sorted(pieces, key=lambda piece: int(piece.seqs[0]))
    if any(a.seqs[-1] > b.seqs[0] for a, b in pairwise(ordered)):
        ordered = _disentangled(ordered)
    found = []
    for layout, group in groupby(ordered, key=lambda piece: piece.layout):
        run = list(group)
        found.append(
            Periods(
                stream=stream,
                layout=layout,
                seqs=np.concatenate([piece.seqs for piece in run]),
                values=np.concatenate([piece.values for piece in run]),
                is_live=np.concatenate([piece.is_live for piece in run]),
            )
        )
    return found


def _disentangled(pieces: list[Piece]) -> list[Piece]:
    """The same periods in pieces that follow one another: late data may lie inside a hole."""
    seqs = np.concatenate([piece.seqs for piece in pieces])
    owner = np.repeat(np.arange(len(pieces)), [len(piece.seqs) for piece in pieces])
    order = np.argsort(seqs, kind="stable")
    owners = owner[order]
    cuts = [0, *(np.flatnonzero(np.diff(owners)) + 1).tolist(), len(order)]
    taken = [0] * len(pieces)
    found = []
    for start, stop in pairwise(cuts):
        which = int(owners[start])
        begin = taken[which]
        taken[which] += stop - start
        found.append(pieces[which]._part(slice(begin, taken[which])))  # noqa: SLF001
    return found
