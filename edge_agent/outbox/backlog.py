"""Joins waiting periods and gaps into fewer, larger messages, and makes gaps of losses. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from contract.quantities.table import MISSING
from contract.ranges import SeqRanges
from contract.wire.payload import MAX_PERIODS, Batch, Gap, GapReason, decode, encode
from edge_agent.outbox.format import DamagedBytes, Head, Record
from edge_agent.outbox.index import Stored

__all__ = ["Parcel", "aged", "continues", "gaps_of_damage", "head_of", "join", "without_values"]

_MS_NS: Final = 1_000_000
_LIVE_NS: Final = 30_000 * _MS_NS
"""To ingest, anything older than this is historical, whatever its exact age."""


@dataclass(slots=True, kw_only=True, eq=False)
class Parcel:
    """A batch or gap that waits in memory for its acknowledgement, and what is known about it."""

    message: Batch | Gap
    counts: bytes
    """Seats sampled in each of the batch's periods; empty for a gap."""
    unpublished: int
    """Its seat-seconds that were never sent."""
    closed_ns: int
    """Elapsed time when its last period closed."""
    sent_ns: int | None = None
    """When it was last sent, if all of it was."""


def join(parcels: Iterable[Parcel]) -> list[Parcel]:
    """Join neighbours into batches of up to ten periods, and into gaps of any length."""
    groups: list[list[Parcel]] = []
    size = 0
    for parcel in parcels:
        is_room = isinstance(parcel.message, Gap) or size + parcel.message.n <= MAX_PERIODS
        if groups and is_room and continues(groups[-1][-1].message, parcel.message):
            groups[-1].append(parcel)
            size += parcel.message.n
        else:
            groups.append([parcel])
            size = parcel.message.n
    return [_joined(group) for group in groups]


def continues(before: Batch | Gap, after: Batch | Gap) -> bool:
    """Whether two messages are alike and no seq lies between them."""
    if before.key != after.key or before.last_seq + 1 != after.first_seq:
        return False
    if before.synchronised != after.synchronised or before.period_ns != after.period_ns:
        return False
    if isinstance(before, Gap):
        return (
            isinstance(after, Gap) and before.reason == after.reason and before.seats == after.seats
        )
    return isinstance(after, Batch) and before.layout == after.layout


def seats_concerned(message: Batch | Gap) -> tuple[int, ...]:
    """The seats of a gap that replaces a message; in a part of a run only its hub's seats."""
    if isinstance(message, Gap):
        return message.seats
    layout = message.layout
    if not message.part:
        return layout.seats
    there = (layout.seat_values(message.values) != MISSING).any(axis=(0, 2))
    return tuple(seat for seat, is_there in zip(layout.seats, there, strict=True) if is_there)


def head_of(parcel: Parcel) -> Head:
    """What the outbox writes for a parcel beside its payload."""
    message = parcel.message
    return Head(
        kind="data", run=message.run, part=message.part, first_seq=message.first_seq, n=message.n,
        boot_ns=message.boot_ns, period_ns=message.period_ns, synchronised=message.synchronised,
        seats=bytes(seats_concerned(message)), counts=parcel.counts,
    )  # fmt: skip


def without_values(parcel: Parcel, reason: GapReason) -> Gap:
    """The gap that replaces a batch when it is given up."""
    message = parcel.message
    if isinstance(message, Gap):
        return message
    head = head_of(parcel)
    return head.gap(head.first_seq, head.last_seq, node=message.node, reason=reason)


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


def aged(entry: Stored, payload: bytes, now_ns: int) -> bytes:
    """A record's payload, with its age if it is new enough to count as live."""
    if (
        entry.closed_ns is None
        or entry.is_gap
        or entry.head.part
        or now_ns - entry.closed_ns >= _LIVE_NS
    ):
        return payload
    return encode(decode(payload), waited_ms=max(0, now_ns - entry.closed_ns) // _MS_NS)


def _joined(group: list[Parcel]) -> Parcel:
    first, last = group[0], group[-1]
    if len(group) == 1:
        return first
    message: Batch | Gap
    if isinstance(first.message, Gap):
        message = replace(first.message, n=sum(parcel.message.n for parcel in group))
    else:
        values = [p.message.values for p in group if isinstance(p.message, Batch)]
        message = replace(first.message, values=np.concatenate(values))
    sent = [parcel.sent_ns for parcel in group if parcel.sent_ns is not None]
    return Parcel(
        message=message,
        counts=b"".join(parcel.counts for parcel in group),
        unpublished=sum(parcel.unpublished for parcel in group),
        closed_ns=last.closed_ns,
        sent_ns=max(sent) if len(sent) == len(group) else None,
    )


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
