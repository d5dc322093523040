"""A period store in memory: for tests, examples and a dry run. It forgets when it is closed.

It follows the same rules as the durable one and passes the same conformance suite, so whatever
runs on it runs on the other. It is one object for writer and readers of one process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date
from itertools import groupby

import numpy as np

from contract.errors import RefusedError, StoreError
from contract.ranges import SeqRanges
from contract.wire.messages import Birth, Death, Health
from contract.wire.parts import IN_TIME, is_late_part
from contract.wire.payload import Batch, Gap
from ingest.stores.format.parts import by_line, gaps_of_all, merge_part_changes, with_late
from ingest.stores.memory.clocks import MemoryClocks
from ingest.stores.memory.holdings import MemoryHoldings, MemoryNotices
from ingest.stores.memory.kept import KeptStream
from ingest.stores.notices import Notice
from ingest.stores.protocol import Which
from ingest.stores.records import (
    Arrival,
    Aside,
    Change,
    Damage,
    GapRecord,
    Periods,
    Purge,
    Purged,
    Stream,
    StreamIdentity,
    Tick,
    identity_of_birth,
)
from ingest.stores.rules.active_purges import Standing, blanked, seqs_of_purge, without_seats
from ingest.stores.rules.admission import STRETCH, goes_on, trimmed, unfit
from ingest.stores.rules.changes import coalesced
from ingest.stores.rules.limits import NodeLimits
from ingest.stores.rules.seal_schedule import KINDS, Kind, day_of, is_before, is_due, midnight_ns

__all__ = ["MemoryPeriodStore"]


class MemoryPeriodStore(MemoryClocks):
    """`PeriodStore` in dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self._healths: dict[tuple[str, int], Health] = {}
        self._asides_ever = 0
        self._ticks: list[list[Change]] = []
        self._holdings = MemoryHoldings(self._kept, self._ids)
        self._limits = NodeLimits(self._holdings)
        self._notices = MemoryNotices()

    def commit(self, tick: Tick) -> list[int]:
        now = tick.received_utc_ns
        for arrival in tick.arrivals:
            reason = unfit(arrival.message)
            if reason is not None:
                raise ValueError(reason)
        refused = self._limits.refused(tick)
        if refused:
            raise RefusedError(refused)
        for site, room, birth in tick.births:
            kept = self._of(identity_of_birth(site, room, birth), now)
            for each in (kept, *self._parts(kept.stream.id)):
                each.stream = replace(
                    each.stream, boot=birth.boot, run_boot_ns=birth.run_boot_ns,
                    period_ns=birth.period_ns,
                )  # fmt: skip
            kept.birth, kept.is_up = birth, True
        for _, _, death in tick.deaths:
            self._die(death)
        self._put_timebases(tick)
        for health in tick.healths:
            self._healths[health.node, health.run] = health
        for message in tick.aside:
            self._asides_ever += 1
            self._aside[self._asides_ever] = replace(message, id=self._asides_ever)
        changes: list[Change] = []
        ids = [self._arrive(arrival, now, changes) for arrival in tick.arrivals]
        self._see(tick)
        self._ticks.append(changes)
        self._notices.put(tick.notices)
        self._holdings.note(tick)
        self._limits.kept()
        return ids

    def _arrive(self, arrival: Arrival, now: int, changes: list[Change]) -> int:
        message = arrival.message
        kept = self._of(arrival.identity, now)
        stream_id = kept.stream.id
        if isinstance(message, Gap):
            for first, last in kept.ledger.admit_gap(message.first_seq, message.last_seq):
                gap = GapRecord(
                    stream_id=stream_id, first_seq=first, last_seq=last, seats=message.seats,
                    reason=message.reason,
                )  # fmt: skip
                before = next((g for g in kept.gaps if g.last_seq == first - 1), None)
                if before is not None and goes_on(before, gap):
                    kept.gaps.remove(before)
                    gap = replace(before, last_seq=last)
                kept.gaps.append(gap)
                changes.append(Change(stream_id, first, last, True, arrival.is_live))
            return stream_id
        self._keep(kept, message, arrival, changes)
        return stream_id

    def _keep(
        self, kept: KeptStream, batch: Batch, arrival: Arrival, changes: list[Change]
    ) -> None:
        is_live = arrival.is_live
        values = batch.values
        if kept.stream.room in self._standing:  # what purges cover is not kept when it arrives
            dates = self.timebases(kept.stream)
            for span in self._standing.seqs(kept.stream, dates):
                self._cover(kept, *span)
            values = without_seats(batch, self._standing.seats(kept.stream, dates))
        for first, last, over_gap in kept.ledger.admit_data(batch.first_seq, batch.last_seq):
            if over_gap:
                kept.gaps = trimmed(kept.gaps, first, last)
            for seq in range(first, last + 1):
                row = values[seq - batch.first_seq].copy()
                kept.rows[seq] = (batch.layout, row, is_live)
                kept.unsealed.add(seq)
            changes.append(Change(kept.stream.id, first, last, False, is_live))

    def _of(self, identity: StreamIdentity, now: int) -> KeptStream:
        key = identity.key
        known = self._ids.get(key)
        if known is None:
            main = None
            if identity.part:
                main = self._of(replace(identity, part=IN_TIME), now).stream
            known = self._ids[key] = len(self._kept) + 1
            stream = Stream(
                id=known, **asdict(identity), boot=main.boot if main else None,
                main_id=main.id if main else None,
            )  # fmt: skip
            self._kept.append(KeptStream(stream=stream, first_received_utc_ns=now))
        return self._kept[known - 1]

    def _die(self, death: Death) -> None:
        known = self._ids.get((death.node, death.run, IN_TIME))
        if known is not None:
            self._kept[known - 1].is_up = False

    def _get(self, stream_id: int) -> KeptStream:
        if not 1 <= stream_id <= len(self._kept):
            raise StoreError(f"The store in memory has no stream {stream_id}.")
        return self._kept[stream_id - 1]

    def parts(self, stream_id: int) -> list[Stream]:
        return [kept.stream for kept in self._parts(stream_id)]

    def _parts(self, stream_id: int) -> list[KeptStream]:
        return [kept for kept in self._kept if kept.stream.main_id == stream_id]

    def stream(self, stream_id: int) -> Stream:
        return self._get(stream_id).stream

    def kept(self, stream_id: int) -> SeqRanges:
        return SeqRanges.copy(self._get(stream_id).ledger.kept)

    def read(
        self, stream_id: int, first_seq: int, last_seq: int, *, own: bool = False
    ) -> list[Periods]:
        kept = self._get(stream_id)
        late = [
            periods
            for part in ([] if own else self._parts(stream_id))
            if is_late_part(part.stream.part)
            for periods in self._read(part, first_seq, last_seq)
        ]
        main = self._read(kept, first_seq, last_seq)
        return with_late(kept.stream, main, late, kept.ledger.kept)

    @staticmethod
    def _read(kept: KeptStream, first_seq: int, last_seq: int) -> list[Periods]:
        found: list[Periods] = []
        seqs = sorted(seq for seq in kept.rows if first_seq <= seq <= last_seq)
        for layout, group in groupby(seqs, key=lambda seq: kept.rows[seq][0]):
            part = list(group)
            found.append(
                Periods(
                    stream=kept.stream, layout=layout, seqs=np.array(part, dtype=np.int64),
                    values=np.array([kept.rows[seq][1] for seq in part], dtype=np.uint16),
                    is_live=np.array([kept.rows[seq][2] for seq in part], dtype=np.bool_),
                )
            )  # fmt: skip
        return found

    def gaps(self, stream_id: int, *, own: bool = False) -> list[GapRecord]:
        lines = by_line(
            (part.stream.part, part.ledger.data, part.gaps)
            for part in ([] if own else self._parts(stream_id))
        )
        return gaps_of_all(stream_id, self._get(stream_id).gaps, lines)

    def birth(self, stream_id: int) -> Birth | None:
        return self._get(stream_id).birth

    def is_up(self, stream_id: int) -> bool:
        return self._get(stream_id).is_up

    def health(self, stream_id: int) -> Health | None:
        identity = self._get(stream_id).stream
        return self._healths.get((identity.node, identity.run))

    def aside(self, limit: int = 100, *, after: int = 0) -> list[Aside]:
        return [aside for aside in self._aside.values() if aside.id > after][:limit]

    def notices(self, room: str | None = None) -> list[Notice]:
        return self._notices.of_room(room)

    def runs(self, which: Which) -> list[Stream]:
        runs = [kept for kept in self._kept if kept.stream.main_id is None]
        if which == "newest":
            runs = list({kept.stream.node: kept for kept in runs}.values())
        found = [kept.stream for kept in runs if which == "newest" or kept.is_up]
        return sorted(found, key=lambda stream: stream.id)

    def count_aside(self) -> int:
        return len(self._aside)

    def take_aside(self, ids: Sequence[int]) -> list[Aside]:
        return [self._aside.pop(number) for number in ids if number in self._aside]

    def version(self) -> int:
        return len(self._ticks)

    def newest_cursor(self) -> int:
        return len(self._ticks)

    def changes(self, cursor: int, *, own: bool = False) -> tuple[int, list[Change]]:
        since = cursor if 0 <= cursor <= len(self._ticks) else 0
        found = coalesced(change for tick in self._ticks[since:] for change in tick)
        return len(self._ticks), found if own else merge_part_changes(found, self._main_of)

    def _main_of(self, stream_id: int) -> tuple[int | None, int]:
        known = self._get(stream_id).stream
        return known.main_id, known.part

    def seal(
        self,
        *,
        before_utc_ns: int,
        now_utc_ns: int | None = None,
        max_stretches: int | None = None,
    ) -> int:
        """Mark what is due as sealed; in memory nothing moves."""
        sealed_ns = before_utc_ns if now_utc_ns is None else now_utc_ns
        moved = stretches = 0
        for kept in self._kept:
            records = self.timebases(kept.stream)
            for stretch in sorted({seq // STRETCH for seq in kept.unsealed}):
                if stretches == max_stretches:
                    return moved
                if is_due(
                    kept.stream,
                    stretch,
                    records,
                    before_utc_ns=before_utc_ns,
                    first_received_utc_ns=kept.first_received_utc_ns,
                ):
                    stretches += 1
                    moved += self._seal(kept, stretch, sealed_ns)
        return moved

    def _seal(self, kept: KeptStream, stretch: int, sealed_ns: int) -> int:
        day = day_of(sealed_ns)
        for kind in KINDS:
            self._files[kind, day] = max(self._files.get((kind, day), 0), sealed_ns)
        due = {seq for seq in kept.unsealed if seq // STRETCH == stretch}
        kept.unsealed -= due
        kept.days.setdefault(stretch, set()).add(day)
        return len(due)

    def retire(self, kind: Kind, *, before: date, max_days: int | None = None) -> int:
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is none of {', '.join(KINDS)}")
        old = sorted(
            file
            for file, newest_ns in self._files.items()
            if file[0] == kind and is_before(file[1], before) and newest_ns < midnight_ns(before)
        )
        gone = set(old[:max_days])
        for file in gone:
            del self._files[file]
        days = {day for _, day in gone}
        for kept in self._kept:
            for stretch in kept.days:
                if kept.days[stretch] & days:
                    kept.blank(stretch, kind)
        return len(gone)

    def check_sealed(self, *, max_chunks: int, from_start: bool = False) -> bool:
        """Nothing is ever damaged here."""
        del max_chunks, from_start
        return False

    def take_damage(self) -> list[Damage]:
        return []

    def retire_aside(self, *, before_utc_ns: int, max_messages: int) -> int:
        self._notices.retire(before_utc_ns)
        old = [a.id for a in self._aside.values() if a.received_utc_ns < before_utc_ns][
            :max_messages
        ]
        return len(self.take_aside(old))

    def purge(self, purge: Purge) -> Iterator[Purged]:
        done = Purged()
        self._purges = [p for p in self._purges if p.id != purge.id] + [purge]
        self._standing = Standing(self._purges)
        self._due.discard(purge.id)
        for kept in self._kept:
            if kept.stream.room == purge.room:
                known = kept.ledger.kept
                dates = self.timebases(kept.stream)
                for first, last in seqs_of_purge(purge, kept.stream, dates, known):
                    self._remove(kept, purge, first, last, done)
                    if purge.seat is None:
                        self._cover(kept, first, last)
        aside = [
            a.id
            for a in self._aside.values()
            if a.received_utc_ns >= purge.from_utc_ns and f"/{purge.room}/" in a.topic
        ]
        done.aside = len(self.take_aside(aside))
        yield done

    def purges_due(self) -> list[Purge]:
        return [purge for purge in self._purges if purge.id in self._due]

    def _remove(self, kept: KeptStream, purge: Purge, first: int, last: int, done: Purged) -> None:
        for seq in [seq for seq in kept.rows if first <= seq <= last]:
            layout, row, is_live = kept.rows[seq]
            if purge.seat is None:
                del kept.rows[seq]
                kept.unsealed.discard(seq)
            else:
                values = row.reshape(1, -1).copy()
                if not blanked(values, layout, purge.seat):
                    continue
                kept.rows[seq] = (layout, values[0], is_live)
            done.periods += 1

    @staticmethod
    def _cover(kept: KeptStream, first: int, last: int) -> None:
        for begin, end, over_gap in kept.ledger.admit_data(first, last):
            if over_gap:
                kept.gaps = trimmed(kept.gaps, begin, end)

    def close(self) -> None:
        self._kept.clear()
        self._ids.clear()
