"""Gaps for the damaged stretches of an outbox segment, as far as their seqs are known. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from contract.ranges import SeqRanges
from contract.wire.payload import Gap
from edge_agent.outbox.format import DamagedBytes, Head, Record

__all__ = ["gaps_of_damage"]


def gaps_of_damage(
    records: Sequence[Record | DamagedBytes], *, node: str, known: Callable[[int, int], SeqRanges]
) -> list[Gap]:
    """Gaps for damaged stretches, whose seqs come from a readable head or from their neighbours.

    Neighbours give the seqs between them if both are of one part of a run. `known` gives the seqs of
    a run and part in good records: no gap covers those. Ingest drops what it already has.
    """
    gaps: list[Gap] = []
    covered: dict[tuple[int, int], SeqRanges] = {}
    heads = [None, *(record.head for record in records), None]
    for i, record in enumerate(records):
        if isinstance(record, Record):
            continue
        lost = record.head or _between(heads[i], heads[i + 2])
        if lost is None or lost.kind != "data":
            continue
        seqs = covered.setdefault((lost.run, lost.part), known(lost.run, lost.part))
        for first, last in seqs.missing(lost.first_seq, lost.last_seq):
            gaps.append(lost.gap(first, last, node=node, reason="damaged"))
        seqs.add(lost.first_seq, lost.last_seq)
    return gaps


def _between(left: Head | None, right: Head | None) -> Head | None:
    """The seqs between the records around a damaged stretch, if both are of one run."""
    if left is None or right is None or left.kind != "data" or right.kind != "data":
        return None
    n = right.first_seq - left.last_seq - 1
    if (left.run, left.part) != (right.run, right.part) or n < 1:
        return None
    return Head(
        kind="data", run=left.run, part=left.part, first_seq=left.last_seq + 1, n=n,
        boot_ns=left.boot_ns + left.n * left.period_ns,
        period_ns=left.period_ns, synchronised=left.synchronised, seats=left.seats,
    )  # fmt: skip
