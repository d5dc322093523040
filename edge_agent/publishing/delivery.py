"""What to send when, what waits, and what may be forgotten. No sockets: bytes go to a callback.

Periods stay in memory until ingest acknowledges them. Live ones go first, one a message. What is
not acknowledged within the spill interval goes to the outbox, and is sent from there as the
backlog, up to ten periods a message. What a hub brought late goes after what is live. A period
waits until ingest acknowledges it or a recorded gap replaces it.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from contract.backoff import Backoff
from contract.clock import SECOND_NS
from contract.errors import StoreError
from contract.ranges import SeqRanges
from contract.wire.messages import Ack
from contract.wire.payload import MAX_PERIODS, Batch, Gap, encode
from edge_agent.outbox.backlog import Parcel, aged, continues, join, without_values
from edge_agent.outbox.run_book import RunBook
from edge_agent.outbox.store import MAX_A_WRITE, Outbox
from edge_agent.settings import DeliverySettings

__all__ = ["Delivery", "DeliveryCounters"]

log = logging.getLogger(__name__)

_MS_NS: Final = 1_000_000
_FIRST_WINDOW: Final = 8
_SLOW_NS: Final = 1_500_000_000
_SPARE_PERIODS: Final = 15
"""With fewer periods noted ahead, a spill also writes the run book: 1.5 spill intervals."""
_MAX_AT_ONCE: Final = 64
"""Backlog messages in one call of `send`, so that live periods get their turn in between."""

_Key = tuple[int, int, int]
"""(run, part, first seq) of a held message."""


@dataclass(slots=True, kw_only=True)
class DeliveryCounters:
    """Seat-seconds of this run; see `contract.wire.messages.Health`."""

    sampled: int = 0
    published: int = 0
    acked: int = 0
    waiting: int = 0
    gap: int = 0
    unsampled: int = 0


class Delivery:
    """Holds one run's periods and the outbox of earlier runs. `now_ns` is elapsed time."""

    def __init__(
        self, *, run: int, settings: DeliverySettings, outbox: Outbox, book: RunBook | None = None
    ) -> None:
        self.run = run
        self.outbox = outbox
        self._book = book
        self.is_open = False
        """Ingest is up: data may be sent."""
        self.last_ack_ns: int | None = None
        self.owed_since_ns: int | None = None
        """Since when sent messages have waited for any acknowledgement, resent or not."""
        self._spill_s = settings.spill_s
        self._settings = settings
        self._held: OrderedDict[_Key, Parcel] = OrderedDict()
        self._window = _FIRST_WINDOW
        self._window_cut_ns = 0
        self._counts = DeliveryCounters()
        """Without what waits, and what the outbox gave up."""
        self._retry_at_ns = 0
        self._backoff = Backoff(first_s=1, max_s=30)

    @property
    def in_flight(self) -> int:
        """Messages sent and not acknowledged."""
        held = sum(item.sent_ns is not None for item in self._held.values())
        return held + len(self.outbox.index.in_flight)

    @property
    def is_empty(self) -> bool:
        """Nothing waits, in memory or in the outbox."""
        return not self._held and not len(self.outbox.index)

    @property
    def has_held(self) -> bool:
        """Something waits in memory."""
        return bool(self._held)

    def counters(self) -> DeliveryCounters:
        """The counts: sampled = acked + waiting + gap at all times."""
        held = sum(sum(item.counts) for item in self._held.values())
        return replace(
            self._counts,
            waiting=held + self.outbox.index.seat_seconds(self.run),
            gap=self._counts.gap + self.outbox.given_up[self.run],
        )

    def set_spill_s(self, spill_s: float) -> None:
        """How long a period may wait in memory from now on."""
        self._spill_s = spill_s

    def add(
        self,
        message: Batch | Gap,
        *,
        counts: bytes = b"",
        seats_missing: int = 0,
        now_ns: int,
    ) -> None:
        """Take what was just closed: one period, a gap, or one hub's late values.

        `counts` are the seats sampled in each period of a batch; a gap has none.
        """
        self._note_reach(message)
        seats_sampled = sum(counts)
        self._counts.sampled += seats_sampled
        self._counts.unsampled += seats_missing
        if isinstance(message, Gap):
            for item in self._held.values():
                before = item.message
                if isinstance(before, Gap) and item.sent_ns is None and continues(before, message):
                    item.message = replace(before, n=before.n + message.n)
                    return
        self._hold(
            Parcel(message=message, counts=counts, unpublished=seats_sampled, closed_ns=now_ns)
        )
        if len(self._held) > self._settings.max_in_memory:
            self._give_up_oldest()

    def opened(self) -> None:
        """Ingest came up: send again what was under way, because it may be lost."""
        self.is_open = True
        self.owed_since_ns = None
        self._window = _FIRST_WINDOW
        self._resend(sent_before_ns=1 << 63)

    def closed(self) -> None:
        """Ingest, or the connection to it, is gone."""
        self.is_open = False
        self.owed_since_ns = None

    def acknowledge(self, ack: Ack, *, now_ns: int) -> None:
        """Forget what ingest has kept."""
        if ack.run != self.run and not self.outbox.index.entries(ack.run, ack.part):
            return  # it is for another kit with this name, or a repeated one
        self.last_ack_ns = now_ns
        is_slow = self._is_slow(now_ns)
        before = len(self.outbox.index.in_flight)
        seat_seconds = self.outbox.acknowledge(ack)
        freed = before - len(self.outbox.index.in_flight)
        if not is_slow:
            self._window = min(self._window + freed, self._settings.max_unacked // 2)
        if ack.run == self.run:
            self._counts.acked += seat_seconds + self._forget_held(ack)
        self.owed_since_ns = now_ns if self.in_flight else None

    def tick(self, now_ns: int) -> None:
        """Do what is due by the clock: send again, and write to the outbox."""
        if self.is_open:
            timeout_ns = round(self._settings.ack_timeout_s * SECOND_NS)
            self._resend(sent_before_ns=now_ns - timeout_ns)
        if now_ns < self._retry_at_ns:
            return
        spill_before_ns = now_ns - round(self._spill_s * SECOND_NS)
        if not self.outbox.is_open:
            self._try_to(self._open, now_ns)
        elif any(
            item.closed_ns <= spill_before_ns or (item.sent_ns is None and _is_late(item.message))
            for item in self._held.values()
        ):
            # A gap has already been sent for what a hub brought late, so after a crash no other gap
            # would replace it: write it to disk at once.
            self._try_to(lambda: self._spill(young_ns=spill_before_ns), now_ns)
        elif self._book is not None and not self._book.is_begun:
            self._try_to(self._open, now_ns)

    def spill(self, now_ns: int) -> bool:
        """Write everything held to the outbox now; returns whether that worked."""
        return self._try_to(self._spill, now_ns)

    def send(self, now_ns: int, publish: Callable[[bytes], bool]) -> bool:
        """Send what may be sent now; returns whether more is waiting."""
        if not self.is_open:
            return False
        is_busy = self._send(now_ns, publish)
        if self.owed_since_ns is None and self.in_flight:
            self.owed_since_ns = now_ns
        return is_busy

    def _send(self, now_ns: int, publish: Callable[[bytes], bool]) -> bool:
        max_unacked = self._settings.max_unacked
        unsent = [item for item in self._held.values() if item.sent_ns is None]
        for is_late, room in ((False, max_unacked), (True, max_unacked // 2)):
            items = [item for item in unsent if _is_late(item.message) == is_late]
            if items and not self._send_held(items, room, now_ns, publish):
                return True
        if now_ns >= self._retry_at_ns:
            try:
                self._send_backlog(now_ns, publish)
            except StoreError as error:
                self._failed(error, now_ns)
        is_held = any(item.sent_ns is None for item in unsent)
        return is_held or self.outbox.index.next_unsent() is not None

    def _send_held(
        self, items: list[Parcel], room: int, now_ns: int, publish: Callable[[bytes], bool]
    ) -> bool:
        """Send from memory until `room` messages are under way; False if the link takes no more."""
        for item in items[: max(0, room - self.in_flight)]:
            waited_ms = max(0, now_ns - item.closed_ns) // _MS_NS
            age = None if _is_late(item.message) else waited_ms
            if not publish(encode(item.message, waited_ms=age)):
                return False
            self._counts.published += item.unpublished
            item.unpublished = 0
            item.sent_ns = now_ns
        return True

    def _send_backlog(self, now_ns: int, publish: Callable[[bytes], bool]) -> None:
        if self._is_slow(now_ns) and now_ns - self._window_cut_ns > SECOND_NS:
            # A slow link: keep less under way, so that live periods don't wait in a queue.
            self._window = max(2, self._window // 2)
            self._window_cut_ns = now_ns
        index = self.outbox.index
        for _ in range(_MAX_AT_ONCE):
            entry = index.next_unsent()
            if entry is None or len(index.in_flight) >= self._window:
                return
            if self.in_flight >= self._settings.max_unacked:
                return
            payload = self.outbox.read(entry)
            if payload is None:
                self.outbox.replace_damaged(entry)
                continue
            if not publish(aged(entry, payload, now_ns)):
                return
            fresh = index.sent(entry, now_ns)
            if entry.head.run == self.run:
                self._counts.published += fresh

    def _is_slow(self, now_ns: int) -> bool:
        oldest = next(iter(self.outbox.index.in_flight), None)
        return oldest is not None and now_ns - (oldest.sent_ns or now_ns) > _SLOW_NS

    def _resend(self, *, sent_before_ns: int) -> None:
        self.outbox.index.resend(sent_before_ns=sent_before_ns)
        for item in self._held.values():
            if item.sent_ns is not None and item.sent_ns < sent_before_ns:
                item.sent_ns = None

    def _note_reach(self, message: Batch | Gap, *, spare: int = 0) -> None:
        """Note in the run book how far this run has sampled, if that is not noted already."""
        is_own = message.run == self.run and not message.part
        if self._book is not None and is_own and isinstance(message, Batch):
            self._book.reach(message.last_seq, spare=spare)

    def _open(self) -> None:
        if not self.outbox.is_open:
            self.outbox.open()
        if self._book is not None and not self._book.is_begun:
            self._book.begin(self.outbox)

    def _forget_held(self, ack: Ack) -> int:
        kept = SeqRanges((first, last) for first, last in ack.above if first <= last)
        if ack.without_hole >= 0:
            kept.add(0, ack.without_hole)
        gone = [
            key
            for key, item in self._held.items()
            if key[:2] == (ack.run, ack.part) and not kept.missing(key[2], item.message.last_seq)
        ]
        return sum(sum(self._held.pop(key).counts) for key in gone)

    def _hold(self, parcel: Parcel) -> _Key:
        key = parcel.message.run, parcel.message.part, parcel.message.first_seq
        self._held[key] = parcel
        return key

    def _spill(self, *, young_ns: int | None = None) -> None:
        """Write what is held; a short last batch that began after `young_ns` stays and may grow."""
        parcels: list[Parcel] = []
        for run, part in dict.fromkeys(key[:2] for key in self._held):
            some = join(item for key, item in self._held.items() if key[:2] == (run, part))
            first = self._held[run, part, some[-1].message.first_seq]
            is_young = young_ns is not None and first.closed_ns > young_ns and not part
            if is_young and some[-1].message.n < MAX_PERIODS:
                some.pop()
            if some:
                # Now, because this spill writes the file system's journal anyway.
                self._note_reach(some[-1].message, spare=_SPARE_PERIODS)
            parcels += some
        for at in range(0, len(parcels), MAX_A_WRITE):
            written = parcels[at : at + MAX_A_WRITE]
            self.outbox.append(written)
            for message in [parcel.message for parcel in written]:
                of = message.run, message.part
                seqs = range(message.first_seq, message.last_seq + 1)
                for key in [key for key in self._held if key[:2] == of and key[2] in seqs]:
                    del self._held[key]

    def _give_up_oldest(self) -> None:
        """The outbox can't be written and memory is full: replace the oldest periods by a gap."""
        n = max(1, self._settings.max_in_memory // 10)
        old = [self._held.popitem(last=False)[1] for _ in range(n)]
        gaps = join(
            replace(parcel, message=without_values(parcel, "outbox_full"), counts=b"")
            for parcel in sorted(old, key=lambda item: (item.message.run, item.message.part))
        )
        self._counts.gap += sum(sum(item.counts) for item in old)
        for parcel in reversed(gaps):
            key = self._hold(
                replace(parcel, unpublished=0, closed_ns=old[-1].closed_ns, sent_ns=None)
            )
            self._held.move_to_end(key, last=False)
        log.error(
            "%d periods were given up, because the outbox can't be written and memory is full; "
            "a gap says so.", sum(item.message.n for item in old if item.counts),
        )  # fmt: skip

    def _try_to(self, work: Callable[[], None], now_ns: int) -> bool:
        """Do work that touches the disk; log what fails, and do not retry for a while."""
        try:
            work()
        except StoreError as error:
            self._failed(error, now_ns)
            return False
        if self._backoff.failures:
            log.warning("The outbox can be used again.")
        self._backoff.reset()
        return True

    def _failed(self, error: StoreError, now_ns: int) -> None:
        wait_s = self._backoff.failed()
        self._retry_at_ns = now_ns + round(wait_s * SECOND_NS)
        log.error("%s Periods stay in memory; trying again in %g s.", error, wait_s)


def _is_late(message: Batch | Gap) -> bool:
    """Whether these are values that a hub brought late."""
    return isinstance(message, Batch) and message.part > 0
