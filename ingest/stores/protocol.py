"""The seam between ingest and what keeps its data: one Protocol for each writer.

A file has one writer: ingest writes periods, the scorer writes scores. Anyone may read. Lessons,
which people write, have their own in `school/lessons/protocol.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal, Protocol

from contract.ranges import SeqRanges
from contract.wire.messages import Birth, Health, Timebase
from ingest.stores.clock_records import ClockClaim, ClockNote
from ingest.stores.notices import Notice
from ingest.stores.records import (
    AlertRecord,
    Aside,
    Change,
    Damage,
    EpochRecord,
    GapRecord,
    Periods,
    Purge,
    Purged,
    RoomLevels,
    ScoredLesson,
    Stream,
    Tick,
)
from ingest.stores.rules.seal_schedule import Kind

__all__ = ["PeriodReader", "PeriodStore", "ScoreReader", "ScoreStore", "Which"]


Which = Literal["up", "newest"]
"""Runs whose last word was a birth, or the newest of each node."""


class PeriodReader(Protocol):
    """Reads what was kept, also from another process while ingest writes.

    A stream is a run. What came late of single hubs is kept as parts of it, streams too, and is read
    together with it; `own` asks for a stream alone, as it is kept.
    """

    def streams(self, room: str | None = None) -> list[Stream]:
        """The runs, without their parts."""

    def parts(self, stream_id: int) -> list[Stream]:
        """The parts of a run that there are."""

    def stream(self, stream_id: int) -> Stream: ...
    def kept(self, stream_id: int) -> SeqRanges:
        """Seqs that are kept or inside a recorded gap."""

    def read(
        self, stream_id: int, first_seq: int, last_seq: int, *, own: bool = False
    ) -> list[Periods]:
        """Periods in order, live or sealed; a new element where the layout changes."""

    def gaps(self, stream_id: int, *, own: bool = False) -> list[GapRecord]: ...
    def birth(self, stream_id: int) -> Birth | None: ...
    def is_up(self, stream_id: int) -> bool:
        """Whether the last word of this run was a birth."""

    def health(self, stream_id: int) -> Health | None: ...
    def timebases(
        self, stream: Stream, *, from_boot_ns: int | None = None, to_boot_ns: int | None = None
    ) -> list[Timebase]:
        """The records that date a span of a stream's boot clock, in order: its own node's alone.

        Without a span all of the boot's. None where nothing dates the stream.
        """

    def timebases_between(self, stream: Stream, from_utc_ns: int, to_utc_ns: int) -> list[Timebase]:
        """The records that date what lies between two times of a stream, in order.

        Of a boot that goes on for months these are few. In that span, and for one period after it,
        they date as all of the boot's would. None where nothing dates the stream.
        """

    def clock_claim(self, stream: Stream) -> ClockClaim | None:
        """What a stream's node says of its clock, if that is not believed."""

    def clock_claims(self, *, limit: int) -> list[tuple[Stream, ClockClaim]]:
        """The newest runs of nodes that are not believed, at most so many, and what they say."""

    def streams_between(self, room: str, from_utc_ns: int, to_utc_ns: int) -> list[Stream]:
        """The runs of a room that may have something kept in a span of time; few are not."""

    def newest_runs(self, room: str) -> list[Stream]:
        """The newest run of each of a room's nodes, by the node's name."""

    def clock_note(self) -> ClockNote | None:
        """What ingest noted last of the server's own clock."""

    def runs(self, which: Which) -> list[Stream]:
        """Some of all rooms' runs, in order of their ids, without passing over what they hold."""

    def undated(self, room: str | None = None) -> list[int]:
        """The runs that nothing dates, of all rooms or of one."""

    def aside(self, limit: int = 100, *, after: int = 0) -> list[Aside]:
        """Messages that are kept aside with an id above `after`, the oldest first."""

    def count_aside(self) -> int: ...

    def notices(self, room: str | None = None) -> list[Notice]:
        """What is held against nodes, the latest first."""

    def version(self) -> int:
        """Changes whenever another connection has committed: cheap to poll."""

    def newest_cursor(self) -> int: ...
    def changes(self, cursor: int, *, own: bool = False) -> tuple[int, list[Change]]:
        """What was kept after `cursor` (0: everything), and the cursor to go on from."""

    def close(self) -> None: ...


class PeriodStore(PeriodReader, Protocol):
    """What ingest alone does."""

    def judge_clocks(self, *, bound_ns: int | None) -> None:
        """Believe synchronised clocks only this far from what is seen of them, from now on.

        What is kept is judged again. None, as at first: all of them are believed.
        """

    def note_clock(self, note: ClockNote) -> None:
        """Note what is known of the server's own clock."""

    def clock_was_set(self, *, from_utc_ns: int, to_utc_ns: int, now_utc_ns: int) -> None:
        """The server's clock was set: what it stamped between two times is stamped now.

        What was seen of nodes' clocks by it is forgotten, and their records are judged again.
        """

    def commit(self, tick: Tick) -> list[int]:
        """Keep a tick durably, or raise StoreError and keep nothing of it.

        Each (node, run, seq) is kept once: overlaps are trimmed. Returns the ids of the streams
        of `tick.arrivals`, in their order. A message for which `admission.unfit` gives a reason
        does not belong into a tick: ValueError, and nothing is kept. What is beyond what one node
        may take up raises RefusedError, which names it, and nothing is kept either.

        StoreError is the machine's fault: try again. Any other error is a message's.
        """

    def seal(
        self,
        *,
        before_utc_ns: int,
        now_utc_ns: int | None = None,
        max_stretches: int | None = None,
    ) -> int:
        """Move five-minute stretches that end before a time into the day file of now.

        Returns how many periods moved. Without `now_utc_ns`, now is `before_utc_ns`.

        At most `max_stretches` at once, so that a caller can go on keeping in between.
        """

    def retire(self, kind: Kind, *, before: date, max_days: int | None = None) -> int:
        """Forget the values of a kind, `seat` or `room`, that were sealed before a UTC day.

        They read as missing from then on. Returns how many day files went, at most `max_days`,
        the oldest first.
        """

    def check_sealed(self, *, max_chunks: int, from_start: bool = False) -> bool:
        """Look over some sealed chunks; what is damaged becomes a recorded gap.

        Files that a reader has found damaged come first, then the rest of the round that
        `from_start` began. False when there is nothing to look at.
        """

    def take_damage(self) -> list[Damage]:
        """What was found damaged since this was last asked, here or while sealing."""

    def retire_aside(self, *, before_utc_ns: int, max_messages: int) -> int:
        """Forget messages that were kept aside before a time, at most so many; how many went."""

    def purge(self, purge: Purge) -> Iterator[Purged]:
        """Remove values for good, in short steps; yields after each what is gone so far.

        Whoever calls it goes on until it ends, may keep between two steps, and asks again from
        the start after a StoreError: nothing is sealed or retired meanwhile. The seqs stay in
        the ledger, so what was purged can't come back, nor can what arrives only later.
        """

    def purges_due(self) -> list[Purge]:
        """Purges that were cut short, or that concern what has only been dated since."""

    @property
    def refused_timebases(self) -> int:
        """Clock records beyond the limit of their node, since the program began."""

    def take_aside(self, ids: Sequence[int]) -> list[Aside]:
        """Remove kept-aside messages and return them, to be played again."""


class ScoreReader(Protocol):
    """What the pages read of scores; a time-series database answers it too."""

    def epochs(self, lesson: str, *, after_utc_ns: int = -1) -> list[EpochRecord]: ...
    def alerts(self, lesson: str) -> list[AlertRecord]: ...
    def scored_lessons(self) -> list[ScoredLesson]:
        """The lessons that have epochs; passes over no epoch."""

    def room_levels(self, lesson: str, *, each: int) -> RoomLevels:
        """The room's part of the epochs whose first seq divides by `each`, in order of time."""

    def version(self) -> int: ...
    def close(self) -> None: ...


class ScoreStore(ScoreReader, Protocol):
    """What the scorer writes and the pages read."""

    def cursor(self) -> int: ...
    def commit(
        self,
        *,
        cursor: int,
        epochs: Sequence[EpochRecord] = (),
        alerts: Sequence[AlertRecord] = (),
        written_utc_ns: int = 0,
    ) -> None:
        """Keep epochs and alerts (by id; the later one wins) together with the cursor.

        `written_utc_ns` is the server's UTC: their lessons stay for their days from then on. Of an
        epoch that is there already, `rescoring.rescored` says which record stays: what can't be
        computed again stays as it is. Only in lessons that `to_score_again` names the later one
        always wins.
        """

    def open_alerts(self) -> list[AlertRecord]:
        """Those of all lessons that are not cleared; passes over no other."""

    def lessons_with_scores(self) -> set[str]:
        """The same lessons without their times, in a fraction of the time."""

    def written_since(self, utc_ns: int) -> list[tuple[str, int]]:
        """Lessons of which something was written at or after a time, and when, the earliest first."""

    def retire(self, *, before_utc_ns: int, max_epochs: int) -> int:
        """Forget epochs, at most so many, and alerts from before a time; how many went.

        What was written of a lesson after that time stays, whatever its own time is.
        """

    def purge(
        self,
        lessons: Sequence[str],
        *,
        from_utc_ns: int,
        to_utc_ns: int,
        again: Sequence[str] = (),
    ) -> Iterator[int]:
        """Remove epochs and alerts of lessons that touch a span; yields how many are gone.

        Whoever calls it goes on until it ends. `again` are the lessons that `to_score_again`
        names from then on, because what is left of their scores rests on what is gone.
        """

    def to_score_again(self) -> list[str]:
        """Lessons to score again from their start, until `scored_again` says that it was done."""

    def scored_again(self) -> None: ...
