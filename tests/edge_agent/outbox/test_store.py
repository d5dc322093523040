"""The outbox on disk: bounded, salvaged when damaged, retried when the disk fails."""

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
from edge_agent.outbox.store import Outbox
from tests.examples import examples

MakeOutbox = Callable[..., Outbox]
MakeBatch = Callable[..., Batch]
MakeGap = Callable[..., Gap]


def parcel(message: Batch | Gap, *, sent_ns: int | None = None) -> Parcel:
    counts = b"\x03" * message.n if isinstance(message, Batch) else b""
    return Parcel(
        message=message, counts=counts, unpublished=sum(counts), closed_ns=0, sent_ns=sent_ns
    )


def drained(outbox: Outbox) -> list[Batch | Gap]:
    """Everything that it wants sent, marked as sent."""
    messages = []
    while (entry := outbox.index.next_unsent()) is not None:
        payload = outbox.read(entry)
        if payload is None:
            outbox.replace_damaged(entry)
            continue
        outbox.index.sent(entry, 1)
        messages.append(decode(payload))
    return messages


def spans(messages: list[Batch | Gap]) -> list[tuple[str, int, int]]:
    return [(m.reason if isinstance(m, Gap) else "data", m.first_seq, m.last_seq) for m in messages]


def test_what_is_appended_comes_back_after_a_restart(
    make_outbox: MakeOutbox, batch: MakeBatch, gap: MakeGap
) -> None:
    first = make_outbox()
    first.append([parcel(batch(0, 10)), parcel(gap(10, 500)), parcel(batch(510, 3))])
    assert first.index.seat_seconds(1) == 39
    first.close()
    second = make_outbox(run=2)
    second.open()
    messages = drained(second)
    assert spans(messages) == [("data", 0, 9), ("off", 10, 509), ("data", 510, 512)]
    assert isinstance(messages[0], Batch)
    assert messages[0].values[:, 0].tolist() == list(range(10))
    assert messages[0].waited_ms is None
    assert second.earlier_timebases(2)
    second.close()


def test_a_segment_goes_when_all_of_it_is_acknowledged(
    make_outbox: MakeOutbox, batch: MakeBatch, tmp_path: Path
) -> None:
    outbox = make_outbox()
    outbox.append([parcel(batch(seq, 10)) for seq in range(0, 100, 10)])
    assert outbox.acknowledge(Ack(run=1, without_hole=-1, above=((5, 54), (90, 99)))) == 180
    assert outbox.index.seat_seconds(1) == 120
    assert len(list(tmp_path.glob("outbox/*.outbox"))) == 1
    assert outbox.acknowledge(Ack(run=1, without_hole=94)) == 120
    assert outbox.acknowledge(Ack(run=1, without_hole=94)) == 0
    assert len(outbox.index) == 0
    assert not list(tmp_path.glob("outbox/*.outbox"))
    outbox.append([parcel(batch(100, 10))])
    assert outbox.index.seat_seconds(1) == 30
    outbox.close()


def test_an_acknowledgement_of_another_run_forgets_nothing(
    make_outbox: MakeOutbox, batch: MakeBatch
) -> None:
    outbox = make_outbox()
    outbox.append([parcel(batch(0, 10))])
    assert outbox.acknowledge(Ack(run=9, without_hole=1000)) == 0
    assert outbox.index.seat_seconds(1) == 30
    outbox.close()


def test_it_stays_within_its_bound_and_gaps_stand_for_what_went(
    make_outbox: MakeOutbox, batch: MakeBatch, gap: MakeGap, tmp_path: Path
) -> None:
    max_bytes = 600 << 10
    outbox = make_outbox(max_bytes=max_bytes)
    seq = 0
    while outbox.given_up[1] < 40_000:
        if seq == 100:
            outbox.append([parcel(gap(seq, 300))])
            seq += 300
        outbox.append([parcel(batch(seq + i, 10)) for i in range(0, 100, 10)])
        seq += 100
        on_disk = sum(path.stat().st_size for path in tmp_path.glob("outbox/*.outbox"))
        assert on_disk == outbox.bytes_used <= max_bytes
    assert outbox.index.seat_seconds(1) + outbox.given_up[1] == (seq - 300) * 3
    outbox.close()
    again = make_outbox(run=2, max_bytes=max_bytes)
    again.open()
    messages = drained(again)
    # Every seq is reported of once, the pause with its own reason, and gaps are few.
    reported = SeqRanges()
    for message in messages:
        assert reported.missing(message.first_seq, message.last_seq) == [
            (message.first_seq, message.last_seq)
        ]
        reported.add(message.first_seq, message.last_seq)
    assert list(reported) == [(0, seq - 1)]
    reasons = [(m.reason, m.first_seq, m.n) for m in messages if isinstance(m, Gap)]
    assert ("off", 100, 300) in reasons
    assert {reason for reason, _, _ in reasons} == {"off", "outbox_full"}
    assert len(reasons) < 60
    again.close()


def test_a_full_disk_is_named_and_leaves_nothing_half_done(
    make_outbox: MakeOutbox, batch: MakeBatch, tmp_path: Path
) -> None:
    room = [10_000]

    def write(fd: int, data: bytes) -> int:
        taken = os.write(fd, data[: room[0]])
        room[0] -= taken
        if not taken:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return taken

    outbox = make_outbox(write=write)
    outbox.append([parcel(batch(0, 10))])
    room[0] = 50
    with pytest.raises(StoreError, match=r"outbox .* can't be used \(No space left on device\)"):
        outbox.append([parcel(batch(10, 10))])
    assert outbox.index.seat_seconds(1) == 30
    room[0] = 10_000
    outbox.append([parcel(batch(20, 10))])
    outbox.close()
    again = make_outbox(run=2)
    again.open()
    assert spans(drained(again)) == [("data", 0, 9), ("data", 20, 29)]
    assert again.damaged == 0
    again.close()


def test_two_agents_never_share_an_outbox(make_outbox: MakeOutbox) -> None:
    first, second = make_outbox(), make_outbox()
    first.open()
    with pytest.raises(StoreError, match="in use by another agent"):
        second.open()
    first.close()
    second.open()
    second.close()


def test_a_directory_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outbox = Outbox(
        directory=tmp_path / "file" / "outbox", max_bytes=1 << 20, node="pi-1",
        timebase=lambda: b"",
    )  # fmt: skip
    with pytest.raises(StoreError, match="Not a directory"):
        outbox.open()
    assert not outbox.is_open


def test_damage_while_running_becomes_a_gap(
    make_outbox: MakeOutbox, batch: MakeBatch, tmp_path: Path
) -> None:
    outbox = make_outbox()
    outbox.append([parcel(batch(0, 10)), parcel(batch(10, 10)), parcel(batch(20, 10))])
    entry = outbox.index.entries(1)[1]
    (path,) = tmp_path.glob("outbox/*.outbox")
    data = bytearray(path.read_bytes())
    data[entry.record.offset + entry.record.length // 2] ^= 4
    path.write_bytes(data)
    assert spans(drained(outbox)) == [("data", 0, 9), ("data", 20, 29), ("damaged", 10, 19)]
    assert (outbox.index.seat_seconds(1), outbox.given_up[1], outbox.damaged) == (60, 30, 1)
    outbox.acknowledge(Ack(run=1, without_hole=29))
    assert len(outbox.index) == 0
    outbox.close()


@pytest.mark.parametrize("target", ("head", "body"))
def test_damage_found_at_the_start_becomes_a_gap_where_its_range_is_known(
    make_outbox: MakeOutbox, batch: MakeBatch, tmp_path: Path, target: str
) -> None:
    outbox = make_outbox()
    outbox.append([parcel(batch(seq, 10)) for seq in (0, 10, 20)])
    before, entry = outbox.index.entries(1)[:2]
    outbox.close()
    (path,) = tmp_path.glob("outbox/*.outbox")
    data = bytearray(path.read_bytes())
    at = (
        entry.record.offset + 3
        if target == "body"
        else before.record.offset + before.record.length + 12
    )
    data[at] ^= 0x40
    path.write_bytes(data)
    for run in (2, 3):  # the gap is on disk before the damage is forgotten, and reported once
        again = make_outbox(run=run)
        again.open()
        found = sorted(spans(drained(again)), key=lambda span: span[1])
        assert found == [("data", 0, 9), ("damaged", 10, 19), ("data", 20, 29)]
        assert again.damaged == 1
        again.close()


def test_a_torn_end_is_passed_over(
    make_outbox: MakeOutbox, batch: MakeBatch, tmp_path: Path
) -> None:
    outbox = make_outbox()
    outbox.append([parcel(batch(0, 10)), parcel(batch(10, 10))])
    last = outbox.index.entries(1)[1]
    outbox.close()
    (path,) = tmp_path.glob("outbox/*.outbox")
    path.write_bytes(path.read_bytes()[: last.record.offset - 5])
    again = make_outbox(run=2)
    again.open()
    assert spans(drained(again)) == [("data", 0, 9)]
    assert again.damaged == 1
    again.close()


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    flips=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(1, 255)), max_size=6),
    cut=st.integers(0, 3000) | st.none(),
    extra=st.binary(max_size=40),
)
def test_whatever_is_on_disk_no_wrong_value_and_no_crash(
    make_outbox: MakeOutbox,
    batch: MakeBatch,
    gap: MakeGap,
    tmp_path: Path,
    flips: list[tuple[int, int]],
    cut: int | None,
    extra: bytes,
) -> None:
    for path in tmp_path.glob("outbox/*"):
        path.unlink()
    outbox = make_outbox()
    outbox.append([parcel(batch(0, 10)), parcel(gap(10, 90)), parcel(batch(100, 10))])
    outbox.append([parcel(batch(seq, 10)) for seq in range(110, 200, 10)])
    outbox.close()
    (path,) = tmp_path.glob("outbox/*.outbox")
    whole = path.read_bytes()
    data = bytearray(whole[:cut])
    for at, bits in flips:
        if data:
            data[at % len(data)] ^= bits
    path.write_bytes(bytes(data) + extra)
    again = make_outbox(run=2)
    again.open()
    reported = SeqRanges()
    for message in drained(again):
        assert reported.missing(message.first_seq, message.last_seq) == [
            (message.first_seq, message.last_seq)
        ]
        reported.add(message.first_seq, message.last_seq)
        assert message.last_seq < 200
        if isinstance(message, Batch):
            expected = range(message.first_seq, message.last_seq + 1)
            assert message.values[:, 0].tolist() == list(expected)
    if bytes(data) + extra == whole:
        assert list(reported) == [(0, 199)]
    else:
        assert again.damaged or list(reported) == [(0, 199)] or cut is not None
    again.close()


def test_the_room_that_a_killed_agent_had_reserved_is_no_damage(
    make_outbox: MakeOutbox, batch: MakeBatch, tmp_path: Path
) -> None:
    outbox = make_outbox()
    for seq in range(0, 60, 10):
        outbox.append([parcel(batch(seq, 10))])
    (path,) = tmp_path.glob("outbox/*.outbox")
    killed = path.read_bytes()
    outbox.close()
    assert len(killed) > path.stat().st_size
    path.write_bytes(killed)
    again = make_outbox(run=2)
    again.open()
    assert spans(drained(again)) == [("data", seq, seq + 9) for seq in range(0, 60, 10)]
    assert again.damaged == 0
    assert again.bytes_used == len(killed)
    again.close()
