"""The run book: whatever dies, each sampled seq is kept, waits, or lies in a recorded gap."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.errors import StoreError
from contract.ranges import SeqRanges
from contract.wire.messages import Ack
from contract.wire.payload import Batch, Gap, decode
from edge_agent.outbox.backlog import Parcel
from edge_agent.outbox.run_book import AHEAD, MAX_RUNS, RunBook, RunNote, read_notes
from edge_agent.outbox.store import Outbox
from edge_agent.publishing.delivery import Delivery
from edge_agent.settings import DeliverySettings
from tests.examples import examples

MakeOutbox = Callable[..., Outbox]
MakeBatch = Callable[..., Batch]

SECOND = 1_000_000_000


def note(run: int, *, at_s: int = 0, boot: str = "boot-1") -> RunNote:
    return RunNote(run=run, boot=boot, run_boot_ns=at_s * SECOND, period_ns=SECOND, seats=(1, 2, 3))


def book_of(folder: Path, run: RunNote, **disk: object) -> RunBook:
    (folder / "outbox").mkdir(exist_ok=True)
    return RunBook(path=folder / "outbox" / "runs", run=run, **disk)  # type: ignore[arg-type]


def parcel(message: Batch) -> Parcel:
    return Parcel(
        message=message, counts=b"\3" * message.n, unpublished=0, closed_ns=0, sent_ns=None
    )


def gaps_in(outbox: Outbox) -> list[tuple[int, str, int, int]]:
    found = []
    while (entry := outbox.index.next_unsent()) is not None:
        message = decode(outbox.read(entry) or b"")
        if isinstance(message, Gap):
            found.append((message.run, message.reason, message.first_seq, message.last_seq))
        outbox.index.sent(entry, 1)
    return found


def opened(outbox: Outbox) -> Outbox:
    outbox.open()
    return outbox


def test_the_gap_of_a_run_that_died_reaches_to_where_the_next_begins(
    make_outbox: MakeOutbox, batch: MakeBatch, tmp_path: Path
) -> None:
    outbox = opened(make_outbox())
    book = book_of(tmp_path, note(1))
    book.begin(outbox)
    book.reach(0)
    outbox.append_gaps([])
    book.close()
    outbox.close()
    again = opened(make_outbox(run=2))
    second = book_of(tmp_path, note(2, at_s=25))
    second.begin(again)
    assert gaps_in(again) == [(1, "died", 0, 24)]
    # A third start finds the gap in the outbox and has only the second run to report.
    second.close()
    again.close()
    third = opened(make_outbox(run=3))
    book_of(tmp_path, note(3, at_s=40)).begin(third)
    assert gaps_in(third) == [(1, "died", 0, 24), (2, "died", 0, 14)]
    third.close()


def test_what_waits_in_the_outbox_is_never_claimed(
    make_outbox: MakeOutbox, batch: MakeBatch, tmp_path: Path
) -> None:
    outbox = opened(make_outbox())
    book = book_of(tmp_path, note(1))
    book.begin(outbox)
    outbox.append([parcel(batch(10, 5))])
    outbox.close()
    again = opened(make_outbox(run=2))
    book_of(tmp_path, note(2, at_s=30)).begin(again)
    assert gaps_in(again) == [(1, "died", 0, 9), (1, "died", 15, 29)]
    again.close()


def test_after_another_boot_the_gap_ends_where_nothing_can_have_been_sampled(
    make_outbox: MakeOutbox, tmp_path: Path
) -> None:
    outbox = opened(make_outbox())
    book = book_of(tmp_path, note(1, at_s=1000))
    book.begin(outbox)
    for seq in range(500, 700):
        book.reach(seq)
    outbox.close()
    again = opened(make_outbox(run=2))
    book_of(tmp_path, note(2, at_s=3, boot="boot-2")).begin(again)
    ((run, reason, first, last),) = gaps_in(again)
    assert (run, reason, first) == (1, "died", 0)
    assert 699 <= last < 700 + AHEAD
    again.close()


def test_a_clean_stop_leaves_no_gap(make_outbox: MakeOutbox, tmp_path: Path) -> None:
    for run in range(1, 40):
        outbox = opened(make_outbox(run=run))
        book = book_of(tmp_path, note(run, at_s=10 * run))
        book.begin(outbox)
        book.reach(3)
        book.end(outbox, until_seq=4)
        assert gaps_in(outbox) == []
        assert [n.run for n in read_notes(tmp_path / "outbox" / "runs")] == [run]
        book.close()
        outbox.close()


def test_the_book_stays_small_and_forgets_the_oldest(
    make_outbox: MakeOutbox, tmp_path: Path
) -> None:
    for run in range(1, 60):  # each dies, and its gap waits on
        outbox = opened(make_outbox(run=run))
        book = book_of(tmp_path, note(run, at_s=10 * run))
        book.begin(outbox)
        book.close()
        outbox.close()
    path = tmp_path / "outbox" / "runs"
    assert [n.run for n in read_notes(path)] == list(range(60 - MAX_RUNS, 60))
    assert path.stat().st_size == 16_384


@given(at=st.integers(0, 16_383), bits=st.integers(1, 255), cut=st.integers(0, 16_384))
@settings(
    max_examples=examples(50),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_damaged_book_is_no_crash_and_never_a_wrong_run(
    make_outbox: MakeOutbox, tmp_path: Path, at: int, bits: int, cut: int
) -> None:
    path = tmp_path / "outbox" / "runs"
    path.unlink(missing_ok=True)
    outbox = opened(make_outbox())
    book = book_of(tmp_path, note(1))
    book.begin(outbox)
    book.reach(0)
    book.close()
    outbox.close()
    data = bytearray(path.read_bytes())
    data[at] ^= bits
    path.write_bytes(data[:cut])
    for found in read_notes(path):
        assert found in {note(1), note(1).model_copy(update={"until_seq": AHEAD})}
    again = opened(make_outbox(run=2))
    second = book_of(tmp_path, note(2, at_s=9))
    second.begin(again)
    assert gaps_in(again) in ([], [(1, "died", 0, 8)])
    assert read_notes(path)[-1].run == 2
    second.close()
    again.close()
    for segment in (tmp_path / "outbox").glob("*.outbox"):
        segment.unlink()


def test_a_full_disk_is_named_once_and_does_not_stop_the_notes(
    make_outbox: MakeOutbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    is_full = [True]

    def write(fd: int, data: bytes, at: int) -> int:
        if is_full[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.pwrite(fd, data, at)

    outbox = opened(make_outbox())
    book = book_of(tmp_path, note(1), write=write)
    with pytest.raises(StoreError, match=r"run book .* \(No space left on device\)"):
        book.begin(outbox)
    assert not book.is_begun
    is_full[0] = False
    book.begin(outbox)
    is_full[0] = True
    book.reach(0)
    book.reach(AHEAD)
    assert caplog.text.count("can't be used") == 1
    book.close()
    outbox.close()


def test_a_day_of_sampling_writes_less_than_a_megabyte(
    make_outbox: MakeOutbox, tmp_path: Path
) -> None:
    outbox = opened(make_outbox())
    book = book_of(tmp_path, note(1), sync=lambda _fd: None)
    book.begin(outbox)
    for seq in range(86_400):
        book.reach(seq)
    assert book.bytes_written < 1 << 20
    book.close()
    outbox.close()


@given(
    flips=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(1, 255)), max_size=6),
    cut=st.integers(0, 3000) | st.none(),
    is_clean=st.booleans(),
)
@settings(
    max_examples=examples(80),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_however_the_outbox_was_damaged_every_seq_of_the_run_is_reported_once(
    make_outbox: MakeOutbox,
    batch: MakeBatch,
    tmp_path: Path,
    flips: list[tuple[int, int]],
    cut: int | None,
    is_clean: bool,
) -> None:
    for path in tmp_path.glob("outbox/*"):
        path.unlink()
    outbox = opened(make_outbox())
    book = book_of(tmp_path, note(1), sync=lambda _fd: None)
    book.begin(outbox)
    book.reach(0)
    for seq in range(0, 200, 20):
        outbox.append([parcel(batch(seq, 10)), parcel(batch(seq + 10, 10))])
    if is_clean:
        book.end(outbox, until_seq=200)
    book.close()
    outbox.close()
    (path,) = tmp_path.glob("outbox/*.outbox")
    whole = path.read_bytes()
    data = bytearray(whole[:cut])
    for at, bits in flips:
        if data:
            data[at % len(data)] ^= bits
    path.write_bytes(data)
    if not data:
        path.unlink()

    again = opened(make_outbox(run=2))
    second = book_of(tmp_path, note(2, at_s=205), sync=lambda _fd: None)
    second.begin(again)
    reported = SeqRanges()
    while (entry := again.index.next_unsent()) is not None:
        message = decode(again.read(entry) or b"")
        again.index.sent(entry, 1)
        first, last = message.first_seq, message.last_seq
        assert reported.missing(first, last) == [(first, last)]
        reported.add(first, last)
        if isinstance(message, Batch):
            assert message.values[:, 0].tolist() == list(range(first, last + 1))
    assert list(reported) == [(0, 199 if is_clean else 204)]
    second.close()
    again.close()


class Life:
    """One node over many deaths, and an ingest that keeps what reaches it."""

    def __init__(self, make_outbox: MakeOutbox, make_batch: MakeBatch, folder: Path) -> None:
        self._make_outbox, self._make_batch, self._folder = make_outbox, make_batch, folder
        self.kept: dict[int, SeqRanges] = {}
        self.reported: dict[int, SeqRanges] = {}
        self.sampled: dict[int, int] = {}
        self.now_s = 0
        self.run = 0
        self.boot = 1
        self.boot_at_s = 0
        self.start()

    def start(self) -> None:
        self.run += 1
        self.started_s = self.now_s
        self.sampled[self.run] = 0
        self.outbox = self._make_outbox(run=self.run)
        self.book = book_of(
            self._folder,
            note(self.run, at_s=self.now_s - self.boot_at_s, boot=f"boot-{self.boot}"),
            sync=lambda _fd: None,
        )
        self.delivery = Delivery(
            run=self.run, settings=DeliverySettings(spill_s=10), outbox=self.outbox, book=self.book
        )
        self.delivery.tick(self.now_s * SECOND)

    def sample(self, seconds: int) -> None:
        for _ in range(seconds):
            seq = self.now_s - self.started_s
            self.now_s += 1
            self.delivery.add(
                self._make_batch(seq, run=self.run), counts=b"\3",
                now_ns=self.now_s * SECOND,
            )  # fmt: skip
            self.sampled[self.run] = seq + 1
            self.delivery.tick(self.now_s * SECOND)

    def talk(self, messages: int) -> None:
        """So many messages reach ingest; the others of this connection are lost."""
        left = [messages]

        def publish(payload: bytes) -> bool:
            if left[0] == 0:
                return False
            left[0] -= 1
            self.keep(decode(payload))
            return True

        self.delivery.opened()
        self.delivery.send(self.now_s * SECOND, publish)

    def keep(self, message: Batch | Gap) -> None:
        kept = self.kept.setdefault(message.run, SeqRanges())
        if isinstance(message, Batch):
            for first, last in kept.missing(message.first_seq, message.last_seq):
                reported = self.reported.get(message.run, SeqRanges())
                # A gap that was reported earlier never took the place of a reading that waited.
                assert reported.missing(first, last) == [(first, last)]
        else:
            reported = self.reported.setdefault(message.run, SeqRanges())
            for first, last in kept.missing(message.first_seq, message.last_seq):
                reported.add(first, last)
        kept.add(message.first_seq, message.last_seq)

    def acknowledge(self) -> None:
        for run, kept in self.kept.items():
            low = kept.without_hole()
            above = tuple(pair for pair in kept if pair[0] > low)[:64]
            ack = Ack(run=run, without_hole=low, above=above)
            self.delivery.acknowledge(ack, now_ns=self.now_s * SECOND)

    def die(self, *, loses_boot: bool) -> None:
        self.book.close()
        self.outbox.close()
        self.now_s += 2
        if loses_boot:
            self.boot += 1
            self.boot_at_s = self.now_s
        self.start()


@given(
    steps=st.lists(
        st.tuples(st.just("sample"), st.integers(1, 90))
        | st.tuples(st.just("talk"), st.integers(1, 50))
        | st.tuples(st.just("acknowledge"), st.just(0))
        | st.tuples(st.just("die"), st.integers(0, 1)),
        max_size=25,
    )
)
@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_over_any_deaths_each_sampled_seq_is_kept_or_in_a_gap_of_the_spill_interval(
    make_outbox: MakeOutbox,
    batch: MakeBatch,
    tmp_path: Path,
    steps: list[tuple[str, int]],
) -> None:
    for path in tmp_path.glob("outbox/*"):
        path.unlink()
    life = Life(make_outbox, batch, tmp_path)
    for step, amount in steps:
        match step:
            case "sample":
                life.sample(amount)
            case "talk":
                life.talk(amount)
            case "acknowledge":
                life.acknowledge()
            case "die":
                life.die(loses_boot=bool(amount))
    for _ in range(200):
        life.talk(1000)
        life.acknowledge()
        if life.delivery.is_empty:
            break
    assert life.delivery.is_empty
    for run, sampled in life.sampled.items():
        assert life.kept.get(run, SeqRanges()).missing(0, sampled - 1) == []
        gone = sum(
            min(last, sampled - 1) - first + 1
            for first, last in life.reported.get(run, SeqRanges())
            if first < sampled
        )
        assert gone <= 10
    life.book.close()
    life.outbox.close()
