"""main.db as ingest writes it: one transaction a tick, for all rooms together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

from contract.errors import RefusedError
from contract.files.sqlite_file import WriterLock, make_directory, transaction
from contract.ranges import SeqRanges
from contract.wire.messages import Birth, Death
from contract.wire.parts import IN_TIME
from contract.wire.payload import Batch, Gap, Layout
from ingest.stores.format.schema import KEY_STEP, key_of, layout_body, packed_row, start_of
from ingest.stores.records import (
    Arrival,
    Aside,
    Damage,
    GapRecord,
    Purge,
    Purged,
    StreamIdentity,
    StreamKey,
    Tick,
    identity_of_birth,
)
from ingest.stores.rows.clocks import ClockRows
from ingest.stores.rows.ledger import cut_gaps, put_gap, write_ledger
from ingest.stores.rows.nodes import SqliteHoldings, put_healths, put_notices
from ingest.stores.rows.run_places import RunPlaces
from ingest.stores.rows.stream_state import StreamState, TickRows
from ingest.stores.rows.streams import STREAM_OF_KEY, append_state, bear_stream, new_stream
from ingest.stores.rules.active_purges import Standing, without_seats
from ingest.stores.rules.admission import HIGHEST_SEQ, STRETCH, Ledger, goes_on, unfit
from ingest.stores.rules.changes import KEPT_TICKS
from ingest.stores.rules.limits import NodeLimits
from ingest.stores.rules.seal_schedule import Kind
from ingest.stores.sqlite.clocks import ClockKeeping
from ingest.stores.sqlite.reader import SqlitePeriodReader
from ingest.stores.upkeep.day_retention import DayRetention
from ingest.stores.upkeep.purging import Purging
from ingest.stores.upkeep.repair import DayFileCheck
from ingest.stores.upkeep.salvage import salvage
from ingest.stores.upkeep.sealing import seal

__all__ = ["SqlitePeriodStore"]

_PRUNE_EVERY: Final = 64
# Runs of the past need not be remembered for ever: some 20 MB.
_MAX_STATES: Final = 20_000


class SqlitePeriodStore(ClockKeeping, SqlitePeriodReader):
    """`PeriodStore` over a data directory, and its one writer."""

    _is_writer = True

    def __init__(self, directory: Path, *, kept_ticks: int = KEPT_TICKS) -> None:
        make_directory(directory)
        self._writer = WriterLock(directory / "main.db")
        self._writer.acquire()
        try:
            salvage(directory)
            super().__init__(directory)
        except BaseException:
            self._writer.release()
            raise
        self._kept_ticks = kept_ticks
        self._states: dict[StreamKey, StreamState] = {}
        self._by_id: dict[int, StreamState] = {}
        self.not_due_before: dict[tuple[int, int], int] = {}
        self._layout_ids: dict[Layout, int] = {}
        self._limits = NodeLimits(SqliteHoldings(self.database, self._states))
        self._early_healths: dict[str, int] = {}
        self._clocks = ClockRows(self.database)
        self._places = RunPlaces(self.database)
        self._is_purging = False
        self._check = DayFileCheck()
        self.damage: list[Damage] = []
        self._day_retention = DayRetention()
        self.days.sweep()
        with self._reading():
            self._tick = self._newest()
            self._standing = Standing(self._purges())

    def commit(self, tick: Tick) -> list[int]:
        number = self._tick + 1
        with self._reading():
            refused = self._limits.refused(tick)
            if refused:
                raise RefusedError(refused)
            with self._writing():
                ids = self._keep(tick, number)
            self._tick = number
            self._limits.kept()
            if len(self._states) > _MAX_STATES:
                self._forget()
        return ids

    def kept(self, stream_id: int) -> SeqRanges:
        with self._lock:
            state = self._by_id.get(stream_id)
            # What the writer remembers is what is kept: each tick's acks ask for it.
            return SeqRanges.copy(state.ledger.kept) if state else super().kept(stream_id)

    def version(self) -> int:
        """Changes with every tick of its own."""
        return self._tick

    def seal(
        self,
        *,
        before_utc_ns: int,
        now_utc_ns: int | None = None,
        max_stretches: int | None = None,
    ) -> int:
        if self._is_purging:
            return 0  # day files are being written again; what is due stays live a little longer
        now_utc_ns = before_utc_ns if now_utc_ns is None else now_utc_ns
        with self._reading():
            try:
                return seal(
                    self,
                    before_utc_ns=before_utc_ns,
                    now_utc_ns=now_utc_ns,
                    max_stretches=max_stretches,
                )
            finally:
                self._day_retention.note_sealed(now_utc_ns)
                # What was sealed, also before an error, is no longer listed as live.
                for state in self._by_id.values():
                    state.stretch = -1
                self._note_gaps()

    def check_sealed(self, *, max_chunks: int, from_start: bool = False) -> bool:
        if self._is_purging:
            return False
        with self._reading():
            if from_start:
                self._check.begin(self)
            was_busy = self._check.step(self, max_chunks=max_chunks)
            self._note_gaps()
            return was_busy

    def take_damage(self) -> list[Damage]:
        found, self.damage = self.damage, []
        return found

    def _note_gaps(self) -> None:
        """What has turned out to be damaged has left the ledger: remember it no longer."""
        newest = self._newest()
        if newest != self._tick:
            self._tick = newest
            self._forget()

    def retire(self, kind: Kind, *, before: date, max_days: int | None = None) -> int:
        if self._is_purging:
            return 0
        with self._reading():
            return self._day_retention.retire(self, kind, before=before, max_days=max_days)

    def retire_aside(self, *, before_utc_ns: int, max_messages: int) -> int:
        with self._reading(), transaction(self.database):
            self.database.execute("DELETE FROM notices WHERE last_utc_ns < ?", (before_utc_ns,))
            return self.database.execute(
                "DELETE FROM aside WHERE id IN "
                "(SELECT id FROM aside WHERE received_utc_ns < ? ORDER BY id LIMIT ?)",
                (before_utc_ns, max_messages),
            ).rowcount

    def purge(self, purge: Purge) -> Iterator[Purged]:
        steps = Purging(self, purge).steps()
        self._is_purging = True
        try:
            while True:
                with self._reading():
                    done = next(steps, None)
                    self._note_gaps()
                if done is None:
                    return
                yield done
        finally:
            steps.close()
            self._is_purging = False
            with self._reading():
                self._forget()
                self._standing = Standing(self._purges())

    def note_purged(self, stream_id: int, ranges: list[tuple[int, int]]) -> None:
        self._admit(stream_id, ranges)
        self._settle_places()

    def purges_due(self) -> list[Purge]:
        with self._reading():
            return self._purges("WHERE is_due") if self._standing else []

    def _purges(self, which: str = "") -> list[Purge]:
        rows = self.database.execute(
            f"SELECT id, room, seat, from_utc_ns, to_utc_ns FROM purges {which}"  # noqa: S608
        )
        return [
            Purge(id=number, room=room, seat=seat, from_utc_ns=start, to_utc_ns=end)
            for number, room, seat, start, end in rows
        ]

    def take_aside(self, ids: Sequence[int]) -> list[Aside]:
        with self._reading(), transaction(self.database):
            taken = [aside for number in ids for aside in self._aside("WHERE id = ?", number)]
            self.database.executemany(
                "DELETE FROM aside WHERE id = ?", [(aside.id,) for aside in taken]
            )
        return taken

    def close(self) -> None:
        super().close()
        self._writer.release()

    def _forget(self) -> None:
        """Drop what is remembered: it is read again when it is needed."""
        self._states.clear()
        self._by_id.clear()
        self._layout_ids.clear()
        self._layouts.clear()
        self._limits.forget()
        self._clocks.forget()
        self._places.forget()

    def _keep(self, tick: Tick, number: int) -> list[int]:
        now = tick.received_utc_ns
        for site, room, birth in tick.births:
            self._bear(site, room, birth, now)
        for _, _, death in tick.deaths:
            self._die(death, now)
        run = self.database.executemany
        dated = self._clocks.put(tick.timebases, received_utc_ns=now)
        if self._concern(dated):
            self._forget()
        put_healths(self.database, tick.healths, self._early_healths)
        run(
            "INSERT INTO aside(received_utc_ns, topic, reason, payload) VALUES(?, ?, ?, ?)",
            [(a.received_utc_ns, a.topic, a.reason, a.payload) for a in tick.aside],
        )
        put_notices(self.database, tick.notices)
        rows = TickRows()
        ids = [self._arrive(arrival, now, rows) for arrival in tick.arrivals]
        rows.live.sort()  # neighbours on disk one after the other
        run("INSERT INTO live VALUES(?, ?)", rows.live)
        if rows.stretches:
            run("INSERT OR IGNORE INTO stretches VALUES(?, ?)", rows.stretches)
        write_ledger(self.database, rows.ledger.values())
        self._see(tick)
        run("INSERT INTO arrivals VALUES(?, ?)", [(number, rows.changes.tobytes())])
        if number % _PRUNE_EVERY == 0:
            run("DELETE FROM arrivals WHERE tick <= ?", [(number - self._kept_ticks,)])
        return ids

    def _arrive(self, arrival: Arrival, now: int, rows: TickRows) -> int:
        message = arrival.message
        state = self._states.get(message.key)
        if state is None:
            reason = unfit(message)
            if reason is not None:
                raise ValueError(reason)
            state = self._state(arrival.identity, now)
        if message.last_seq > HIGHEST_SEQ:
            raise ValueError(unfit(message))
        if message.last_seq > state.placed_upto:
            self._places.note_run(state.id)
        if isinstance(message, Gap):
            self._keep_gap(state, message, arrival, rows)
        else:
            self._keep_batch(state, message, arrival, rows, now)
        return state.id

    def _keep_batch(
        self, state: StreamState, batch: Batch, arrival: Arrival, rows: TickRows, now: int
    ) -> None:
        is_live = arrival.is_live
        stream_id = state.id
        pieces = state.ledger.admit_data(batch.first_seq, batch.last_seq)
        if not pieces:
            return
        start = state.start
        if start is None:
            start = state.start = start_of(
                first_seq=batch.first_seq, period_ns=batch.period_ns, received_utc_ns=now
            )
            self.database.execute("UPDATE streams SET start = ? WHERE id = ?", (start, stream_id))
        if batch.layout is not state.layout:
            if batch.layout != state.layout:
                state.layout_id = self._layout_id(batch.layout)
                self.database.execute(
                    "INSERT OR IGNORE INTO node_layouts VALUES(?, ?)", (batch.node, state.layout_id)
                )
            state.layout = batch.layout  # the same one comes again
        layout = state.layout_id
        values = without_seats(batch, state.purged_seats).tobytes()
        width = 2 * batch.layout.width
        for first, last, over_gap in pieces:
            if over_gap:
                cut_gaps(self.database, self._gaps(stream_id), first, last)
            key = key_of(stream_id, start, first)
            at = (first - batch.first_seq) * width
            for _ in range(last - first + 1):
                row = packed_row(layout, values[at : at + width], is_live=is_live)
                rows.live.append((key, row))
                key += KEY_STEP
                at += width
            for stretch in range(first // STRETCH, last // STRETCH + 1):
                if stretch != state.stretch:
                    rows.stretches.append((stream_id, stretch))
                    state.stretch = stretch
            rows.add_change(stream_id << 2 | is_live, first, last)
        rows.ledger[stream_id] = state

    def _keep_gap(self, state: StreamState, gap: Gap, arrival: Arrival, rows: TickRows) -> None:
        for first, last in state.ledger.admit_gap(gap.first_seq, gap.last_seq):
            record = GapRecord(
                stream_id=state.id, first_seq=first, last_seq=last, seats=gap.seats,
                reason=gap.reason,
            )  # fmt: skip
            before = self._gaps(state.id, "AND first < ? ORDER BY first DESC LIMIT 1", first)
            if before and goes_on(before[0], record):
                record = replace(before[0], last_seq=last)
            put_gap(self.database, record)
            rows.add_change(state.id << 2 | 2 | arrival.is_live, first, last)

    def _state(self, identity: StreamIdentity, now: int) -> StreamState:
        """The state of a stream, which is made if it is new."""
        key = identity.key
        known = self._states.get(key)
        if known is not None:
            return known
        row = self._one(STREAM_OF_KEY, *key)
        if row is None:
            row = new_stream(self.database, identity, received_utc_ns=now), None
        stream_id, start = row
        ledger = Ledger(self._ranges("ledger", stream_id), self._ranges("gaps", stream_id))
        state = StreamState(id=stream_id, start=start, ledger=ledger)
        self._states[key] = self._by_id[stream_id] = state
        if identity.room in self._standing:
            stream = self._stream(stream_id)
            timebases = self.timebases(stream)
            self._admit(stream_id, self._standing.seqs(stream, timebases))
            state.purged_seats = self._standing.seats(stream, timebases)
        return state

    def _admit(self, stream_id: int, ranges: list[tuple[int, int]]) -> None:
        """Note seqs in the ledger whose values are purged: they count as kept from now on."""
        state = self._by_id.get(stream_id) or self._state(self._stream(stream_id), 0)
        touched = False
        for first, last in ranges:
            for begin, end, over_gap in state.ledger.admit_data(first, last):
                touched = True
                if over_gap:
                    cut_gaps(self.database, self._gaps(stream_id), begin, end)
        if touched:
            write_ledger(self.database, [state])
            self._places.note_run(stream_id)

    def _layout_id(self, layout: Layout) -> int:
        known = self._layout_ids.get(layout)
        if known is not None:
            return known
        body = layout_body(layout)
        row = self._one("SELECT id FROM layouts WHERE body = ?", body)
        if row is None:
            row = self._one("SELECT coalesce(max(id), 0) + 1 FROM layouts")
            self.database.execute("INSERT INTO layouts VALUES(?, ?)", (row[0], body))
        self._layout_ids[layout] = number = int(row[0])
        return number

    def _bear(self, site: str, room: str, birth: Birth, now: int) -> None:
        stream_id = self._state(identity_of_birth(site, room, birth), now).id
        is_known = self._stream(stream_id).boot == birth.boot
        bear_stream(self.database, stream_id, birth)
        append_state(self.database, "births", stream_id, now, birth.encode())
        self._places.note_run(stream_id)
        if is_known or room not in self._standing:
            return
        # Only now can it be said which of its seqs a purge covers.
        has_values = False
        for each in (self._stream(stream_id), *self.parts(stream_id)):
            state = self._states.pop(each.key, None)
            if state is not None:
                del self._by_id[each.id]
                has_values = has_values or state.start is not None
        if has_values:
            self.database.execute("UPDATE purges SET is_due = 1 WHERE room = ?", (room,))

    def _die(self, death: Death, now: int) -> None:
        row = self._one(STREAM_OF_KEY, death.node, death.run, IN_TIME)
        if row is None:
            return  # a run that was never heard of has nothing that could end
        self.database.execute("UPDATE streams SET is_up = 0 WHERE id = ?", row[:1])
        append_state(self.database, "deaths", row[0], now, death.encode())
