"""Heads come once an hour, retention removes what is old and covered, and faults hold up nothing."""

from __future__ import annotations

import hmac
import logging
import re
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from contract.clock import SECOND_NS
from contract.errors import StoreError
from school.audit.heads import HEADS, KEY, HeadsFile, iso, signed
from school.audit.log import Tip
from school.schema import audit_events
from tests.school.audit.logged import DAY_S, Log

LINE = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ (\d+) [0-9a-f]{64} [0-9a-f]{64}"


def noted(log: Log) -> list[int]:
    """The entries that the file has heads of."""
    path = log.directory / HEADS
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    found = [re.fullmatch(LINE, line) for line in lines]
    return [int(each.group(1)) for each in found if each is not None]


def test_a_head_an_hour_when_something_came(log: Log) -> None:
    log.upkeep.step()
    log.clock.advance(60)
    log.upkeep.step()
    assert not (log.directory / KEY).exists()  # nothing to sign yet
    log.add(3)
    log.clock.advance(297)
    log.upkeep.step()
    assert noted(log) == [3]
    log.add()
    for _ in range(11):
        log.clock.advance(300)
        log.upkeep.step()
    assert noted(log) == [3]
    log.clock.advance(300)
    log.upkeep.step()
    assert noted(log) == [3, 4]
    log.note_head()
    assert noted(log) == [3, 4]
    assert log.verdict().faults == []


def test_a_line_is_signed_as_the_documents_say(log: Log) -> None:
    log.add()
    log.note_head()
    words = (log.directory / HEADS).read_bytes().split()
    key = (log.directory / KEY).read_bytes()
    by_hand = hmac.new(key, b" ".join((b"newest", *words[:3])), "sha256").hexdigest()
    assert by_hand.encode() == words[3]


def test_a_head_that_a_wrong_clock_has_dated_later_holds_up_nothing(log: Log) -> None:
    log.clock.utc_at_boot_ns += 400 * DAY_S * SECOND_NS
    log.add()
    log.note_head()
    log.clock.utc_at_boot_ns -= 400 * DAY_S * SECOND_NS
    log.add()
    log.clock.advance(300)
    log.upkeep.step()
    assert noted(log) == [1, 2]


def test_a_line_that_a_crash_cut_off_is_replaced(log: Log) -> None:
    log.add()
    log.note_head()
    with (log.directory / HEADS).open("ab") as file:
        file.write(b"2026-03-02T10:00:00Z 2 0123")
    log.add()
    log.note_head()
    assert noted(log) == [1, 2]
    assert log.verdict().faults == []


def test_what_is_old_goes_and_leaves_a_signed_head(log: Log) -> None:
    log.add(5)
    log.note_head()
    log.clock.advance(700 * DAY_S)
    log.add(2)
    log.note_head()
    assert log.retire() == 0
    log.clock.advance(30 * DAY_S)
    assert log.retire(most=3) == 3
    assert log.retire(most=3) == 2
    assert log.retire(most=3) == 0
    verdict = log.verdict()
    assert (verdict.faults, verdict.entries, verdict.removed) == ([], 2, 5)
    log.clock.advance(800 * DAY_S)
    assert log.retire() == 2
    assert log.verdict().entries == 0
    log.add()
    verdict = log.verdict()
    assert (verdict.faults, verdict.entries, verdict.removed) == ([], 1, 7)


def test_retention_first_notes_what_came_since(log: Log) -> None:
    log.add(2)
    log.note_head()
    log.clock.advance(731 * DAY_S)
    log.add(2)
    assert log.retire() == 2
    assert noted(log) == [2, 4]


def test_an_entry_that_was_dated_back_is_not_removed(log: Log) -> None:
    """Else whoever writes the database could have retention remove an entry, and sign for it."""
    log.add(5)
    log.note_head()
    with log.database.recording() as connection:
        if log.url is None:
            connection.exec_driver_sql("DROP TRIGGER audit_events_unchanged")
        else:
            connection.exec_driver_sql("ALTER TABLE audit_events DISABLE TRIGGER USER")
        connection.execute(update(audit_events).values(at_utc_ns=1))
    log.clock.advance(DAY_S)
    assert log.retire() == 0
    assert log.verdict().n_faults == 5


def test_an_entry_without_a_head_that_covers_it_stays(log: Log) -> None:
    log.add(2)
    log.note_head()
    log.add(3)
    log.clock.advance(731 * DAY_S)
    assert log.retire() == 2


def test_a_missing_key_is_said_and_nothing_is_removed(
    log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    log.add(2)
    log.note_head()
    key = (log.directory / KEY).read_bytes()
    (log.directory / KEY).unlink()
    log.add()
    log.clock.advance(731 * DAY_S)
    with caplog.at_level(logging.ERROR):
        log.upkeep.step()
        assert log.retire() == 0
    assert "audit-key is missing, and signatures in audit-heads.log need it" in caplog.text
    assert not (log.directory / KEY).exists()
    (log.directory / KEY).write_bytes(key)
    assert log.retire() == 2
    assert log.verdict().faults == []


def test_a_database_that_is_away_is_said_and_tried_again(
    log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> None:
        raise StoreError("The database is away.")

    log.add(2)
    as_it_was, log.upkeep._open = log.upkeep._open, fails  # type: ignore[assignment]
    log.note_head()
    assert "The database is away. The audit log gets no head until then." in caplog.text
    log.upkeep._open = as_it_was
    log.clock.advance(300)
    log.upkeep.step()
    assert noted(log) == [2]


def test_what_stands_in_a_files_place_is_no_head(log: Log) -> None:
    log.add()
    (log.directory / HEADS).mkdir()
    log.note_head()
    with pytest.raises(StoreError, match="it is a directory"):
        log.verdict()


@given(
    hours=st.lists(st.integers(0, 50), max_size=60, unique=True),
    wanted=st.integers(-1, 60),
    is_crashed=st.booleans(),
)
def test_the_head_before_a_time_is_found(
    tmp_path_factory: pytest.TempPathFactory, hours: list[int], wanted: int, is_crashed: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / HEADS
    path.unlink(missing_ok=True)
    file = HeadsFile(path)
    for hour in sorted(hours):
        # Numbers of all lengths, so that lines are.
        head = signed("newest", Tip(2**hour, b"h" * 32), hour * 3_600 * SECOND_NS, b"k")
        file.append(head)
    if is_crashed:
        with path.open("ab") as torn:
            torn.write(b"1970-01-01T00:00:00Z 12")
    found = file.last_before(wanted * 3_600 * SECOND_NS)
    before = [hour for hour in hours if hour < wanted]
    assert (None if found is None else found.number) == (2 ** max(before) if before else None)


@given(
    st.lists(
        st.binary(max_size=60)
        | st.sampled_from((
            b"0001-01-01T00:00:00Z 1 " + b"0" * 64 + b" " + b"f" * 64,
            b"9999-12-31T23:59:59Z 9999999999999999999 " + b"0" * 64 + b" " + b"f" * 64,
            b"2026-13-01T00:00:00Z 1 " + b"0" * 64 + b" " + b"f" * 64,
            b"x" * 1_000,
        )),
        max_size=20,
    )
)  # fmt: skip
def test_whatever_is_in_the_file_is_said_or_left_out(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "whatever"
    log = Log(folder)
    with closing(log.database):
        (folder / KEY).write_bytes(b"k" * 32)
        (folder / HEADS).write_bytes(b"\n".join(lines))
        HeadsFile(folder / HEADS).last_before(10**18)
        HeadsFile(folder / HEADS).last()
        assert all(fault.endswith(".") for fault in log.verdict().faults)


def test_the_last_head_is_found_in_a_long_file(tmp_path: Path) -> None:
    log = Log(tmp_path)
    with closing(log.database):
        for number in range(1, 30):
            log.add()
            log.note_head()
            last = HeadsFile(tmp_path / HEADS).last()
            assert last is not None
            assert last.number == number
            assert iso(last.at_utc_ns) == iso(log.clock.utc_ns())
        assert log.verdict().heads == 29
