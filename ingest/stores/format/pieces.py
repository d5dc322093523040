"""Puts what is live and what is sealed together again: periods in order, each seq once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from contract.quantities.table import MISSING
from contract.wire.payload import Layout
from ingest.stores.format.schema import HEADER, LIVE, is_sound, seqs_of
from ingest.stores.records import Periods, Stream
from ingest.stores.rules.seal_schedule import Kind, columns_of

__all__ = ["Decoded", "between", "joined", "live_pieces", "with_both_kinds"]

Decoded = tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.uint16]]


def between(periods: Periods, first: int, last: int) -> Periods:
    """The periods from first to last."""
    low, high = np.searchsorted(periods.seqs, [first, last + 1]).tolist()
    return periods if (low, high) == (0, len(periods.seqs)) else periods.part(slice(low, high))


def live_pieces(
    stream: Stream,
    rows: Iterable[tuple[int, bytes]],
    start: int,
    layout_of: Callable[[int], Layout],
) -> list[Periods]:
    """A stream's live rows (key, header and values), in order of key, cut where the layout changes.

    What is damaged is left out: a reading that is not there is better than a wrong one.
    """
    head = HEADER.size // 2
    pieces = []
    sound = [row for row in rows if is_sound(row[1])]
    for number, group in groupby(sound, key=lambda row: row[1][:2]):
        keys, bodies = zip(*group, strict=True)
        layout = layout_of(int.from_bytes(number, "little"))
        words = np.frombuffer(b"".join(bodies), dtype="<u2").reshape(-1, head + layout.width)
        pieces.append(
            Periods(
                stream=stream,
                layout=layout,
                seqs=seqs_of(np.array(keys, dtype=np.int64), start),
                values=words[:, head:],
                is_live=(words[:, 1] & LIVE).astype(np.bool_),
            )
        )
    return pieces


def with_both_kinds(stream: Stream, layout: Layout, decoded: Mapping[Kind, Decoded]) -> Periods:
    """A sealed chunk's rows from its seat part and its room part; a part that is gone is missing."""
    seqs, is_live, _ = next(iter(decoded.values()))
    values = np.full((len(seqs), layout.width), MISSING, dtype=np.uint16)
    for kind, (_, _, part) in decoded.items():
        values[:, columns_of(kind, layout)] = part
    return Periods(stream=stream, layout=layout, seqs=seqs, values=values, is_live=is_live)


def joined(pieces: list[Periods]) -> list[Periods]:
    """Pieces whose seqs nowhere coincide, in order, as one wherever the layout stays the same."""
    ordered = sorted(pieces, key=lambda piece: int(piece.seqs[0]))
    if any(a.seqs[-1] > b.seqs[0] for a, b in pairwise(ordered)):
        ordered = _disentangled(ordered)
    found = []
    for _, group in groupby(ordered, key=lambda piece: piece.layout):
        run = list(group)
        found.append(
            replace(
                run[0],
                seqs=np.concatenate([piece.seqs for piece in run]),
                values=np.concatenate([piece.values for piece in run]),
                is_live=np.concatenate([piece.is_live for piece in run]),
            )
        )
    return found


def _disentangled(pieces: list[Periods]) -> list[Periods]:
    """The same periods in pieces that follow one another: late data may lie inside a hole."""
    owner = np.repeat(np.arange(len(pieces)), [len(piece.seqs) for piece in pieces])
    owners = owner[np.argsort(np.concatenate([piece.seqs for piece in pieces]), kind="stable")]
    cuts = [0, *(np.flatnonzero(np.diff(owners)) + 1).tolist(), len(owners)]
    taken = [0] * len(pieces)
    found = []
    for start, stop in pairwise(cuts):
        which = int(owners[start])
        begin = taken[which]
        taken[which] += stop - start
        found.append(pieces[which].part(slice(begin, taken[which])))
    return found
