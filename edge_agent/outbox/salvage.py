"""What a damaged outbox segment still tells: which seqs it held, so that a gap can say so. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from contract.payload import Gap
from contract.ranges import SeqRanges
from edge_agent.outbox.format import Damage, Found, Head

__all__ = ["gaps_of_damage"]


def gaps_of_damage(
    records: Sequence[Found | Damage], *, node: str, known: Callable[[int], SeqRanges]
) -> list[Gap]:
    """Gaps for the damaged stretches of a segment, as far as their range is known.

    A head that can be read tells it. Else it is what lies between the neighbours, if they are of
    one run. `known` gives the seqs of a run that good records hold: no gap covers those. What
    ingest has already, it trims.
    """
    gaps: list[Gap] = []
    covered: dict[int, SeqRanges] = {}
    heads = [record.head for record in records]
    for i, record in enumerate(records):
        if isinstance(record, Found):
            continue
        lost = record.head or _between(heads[:i], heads[i + 1 :])
        if lost is None or lost.kind != "data":
            continue
        seqs = covered.setdefault(lost.run, known(lost.run))
        for first, last in seqs.missing(lost.first_seq, lost.last_seq):
            gaps.append(
                Gap(
                    node=node, run=lost.run, first_seq=first, n=last - first + 1,
                    boot_ns=lost.boot_ns + (first - lost.first_seq) * lost.period_ns,
                    period_ns=lost.period_ns, synchronised=lost.synchronised,
                    seats=tuple(lost.seats), reason="damaged",
                )
            )  # fmt: skip
        seqs.add(lost.first_seq, lost.last_seq)
    return gaps


def _between(before: Sequence[Head | None], after: Sequence[Head | None]) -> Head | None:
    """The range between the records around a damaged stretch, if they are of one run."""
    left = before[-1] if before else None
    right = after[0] if after else None
    if left is None or right is None or left.kind != "data" or right.kind != "data":
        return None
    n = right.first_seq - left.last_seq - 1
    if left.run != right.run or n < 1:
        return None
    return Head(
        kind="data", run=left.run, first_seq=left.last_seq + 1, n=n,
        boot_ns=left.boot_ns + left.n * left.period_ns,
        period_ns=left.period_ns, synchronised=left.synchronised, seats=left.seats,
    )  # fmt: skip
