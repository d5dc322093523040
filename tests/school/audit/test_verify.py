"""Whatever is changed, removed, added or moved in the audit log is found, and said in a sentence."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select, update

from contract.clock import ManualClock
from school.audit.chain import entry_hash
from school.audit.heads import HEADS, KEY, AuditKey, HeadsFile, signed
from school.audit.log import Tip, rows_after, signed_head
from school.audit.names import anonymise
from school.schema import audit_events, audit_head
from tests.school.audit.logged import DAY_S, Log

FIRST, LAST, NOTED = 11, 40, 35
NUMBERS = st.integers(FIRST, LAST)
TEXTS = ("actor", "action", "thing", "thing_id", "lesson", "detail")
ALSO_ON_POSTGRES = settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def change(connection: Connection, number: int, **values: object) -> None:
    connection.execute(
        update(audit_events).where(audit_events.c.number == number).values(**values)
    )  # fmt: skip


def row_of(connection: Connection, number: int) -> dict[str, object]:
    found = connection.execute(select(audit_events).where(audit_events.c.number == number)).one()
    return dict(found._mapping)


def rechain(connection: Connection, first: int) -> None:
    """Compute the hashes again from an entry on, as whoever changed it would."""
    before = connection.scalar(
        select(audit_events.c.hash).where(audit_events.c.number < first)
        .order_by(audit_events.c.number.desc()).limit(1)
    )  # fmt: skip
    if before is None:
        before = connection.scalars(select(audit_head.c.hash)).one()
    for row, _ in list(rows_after(connection, first - 1, 1_000)):
        before = entry_hash(before, row)
        change(connection, row.number, hash=before)


def test_a_log_as_it_was_written_is_whole(kept: Log) -> None:
    verdict = kept.verdict()
    assert (verdict.faults, verdict.entries, verdict.removed, verdict.heads) == ([], 30, 10, 3)
    assert verdict.first_utc_ns < verdict.last_utc_ns <= kept.clock.utc_ns()


@ALSO_ON_POSTGRES
@given(number=NUMBERS, column=st.sampled_from(("at_utc_ns", *TEXTS, "hash")), data=st.data())
def test_a_changed_field_is_found(
    kept: Log, number: int, column: str, data: st.DataObject
) -> None:  # fmt: skip
    with kept.tampered() as connection:
        old = row_of(connection, number)[column]
        new: object
        if column == "at_utc_ns":
            new = data.draw(st.integers(0, (1 << 63) - 1))
        elif column == "hash":
            new = data.draw(st.binary(max_size=40))
        elif column == "lesson" and old is not None:
            new = data.draw(st.none() | st.just("") | st.text("ab1-", max_size=8))
        else:
            new = data.draw(st.text("ab1-:,{}", max_size=8))
        assume(new != old)
        change(connection, number, **{column: new})
        verdict = kept.verdict(connection)
        assert verdict.n_faults >= 1
        assert any(f"ntry {each} " in verdict.faults[0] for each in (number, number + 1))
    assert kept.verdict().faults == []


@ALSO_ON_POSTGRES
@given(number=NUMBERS, column=st.sampled_from(TEXTS), data=st.data())
def test_a_single_bit_is_found(
    tmp_path_factory: pytest.TempPathFactory, number: int, column: str, data: st.DataObject
) -> None:
    """Also one that makes a text no text any more; PostgreSQL would not take that."""
    log = bits(tmp_path_factory)
    with log.tampered() as connection:
        old = row_of(connection, number)[column]
        assume(old)
        content = bytearray(str(old).encode())
        bit = data.draw(st.integers(0, len(content) * 8 - 1))
        content[bit // 8] ^= 1 << bit % 8
        connection.exec_driver_sql(
            f"UPDATE audit_events SET {column} = CAST(? AS TEXT) WHERE number = ?",
            (bytes(content), number),
        )
        (fault,) = log.verdict(connection).faults
        assert fault.startswith(f"Entry {number} ")


BITS: list[Log] = []


def bits(factory: pytest.TempPathFactory) -> Log:
    if not BITS:
        BITS.append(Log(factory.mktemp("bits")))
        BITS[0].add(LAST)
    return BITS[0]


@pytest.fixture(scope="module", autouse=True)
def closed_bits():
    yield
    for log in BITS:
        log.database.close()
    BITS.clear()


@ALSO_ON_POSTGRES
@given(number=NUMBERS, lesson=st.text("ab1-", max_size=8))
def test_a_change_with_all_later_hashes_made_again_is_found_by_the_heads(
    kept: Log, number: int, lesson: str
) -> None:
    with kept.tampered() as connection:
        change(connection, number, lesson=lesson)
        rechain(connection, number)
        faults = kept.verdict(connection).faults
        if number > NOTED:  # no head outside the database covers it yet
            assert faults == []
        else:
            assert f"is another one than {HEADS} noted at" in faults[0]


@ALSO_ON_POSTGRES
@given(numbers=st.sets(NUMBERS, min_size=1, max_size=3), is_rechained=st.booleans())
def test_missing_entries_are_found(kept: Log, numbers: set[int], is_rechained: bool) -> None:
    with kept.tampered() as connection:
        for number in numbers:
            connection.execute(delete(audit_events).where(audit_events.c.number == number))
        if is_rechained:
            rechain(connection, FIRST)
        faults = kept.verdict(connection).faults
        tail = set(range(LAST - len(numbers) + 1, LAST + 1))
        if numbers == tail:  # that is later than the newest head: it can't be known
            assert faults == []
        else:
            first = min(numbers)
            assert any(re.match(rf"Entr(y|ies) {first} .*missing: someone", one) for one in faults)


@ALSO_ON_POSTGRES
@given(one=NUMBERS, other=NUMBERS)
def test_two_entries_that_change_places_are_found(kept: Log, one: int, other: int) -> None:
    with kept.tampered() as connection:
        first, second = row_of(connection, one), row_of(connection, other)
        assume(first != second)
        for number, row in ((one, second), (other, first)):
            change(connection, number, **{key: row[key] for key in row if key != "number"})
        assert kept.verdict(connection).n_faults >= 2


@ALSO_ON_POSTGRES
@given(last=st.integers(FIRST - 1, LAST))
def test_a_cut_tail_is_found_as_far_as_a_head_went(kept: Log, last: int) -> None:
    with kept.tampered() as connection:
        connection.execute(delete(audit_events).where(audit_events.c.number > last))
        faults = kept.verdict(connection).faults
        if last >= NOTED:
            assert faults == []
        else:
            (fault,) = faults
            ends = f"the database ends with entry {last}"
            assert fault.startswith(f"The newest entries are missing: {ends}, and {HEADS} noted")
            assert "entry 35 at " in fault


@ALSO_ON_POSTGRES
@given(last=st.integers(FIRST, LAST), is_noted=st.booleans())
def test_a_beginning_that_retention_did_not_cut_is_found(
    kept: Log, last: int, is_noted: bool
) -> None:
    with kept.tampered() as connection:
        found = row_of(connection, last)["hash"]
        connection.execute(delete(audit_events).where(audit_events.c.number <= last))
        assert isinstance(found, bytes)
        if is_noted:  # with a head that nobody signed with the key
            head = signed("removed", Tip(last, found), 10**18, b"k" * 32)
            connection.execute(
                update(audit_head).values(
                    number=last, hash=found, at_utc_ns=10**18, signature=head.signature
                )
            )
            assert "has a wrong signature" in kept.verdict(connection).faults[0]
        elif last < LAST:
            assert "missing: someone has removed them" in kept.verdict(connection).faults[0] or (
                last == FIRST
            )
            connection.execute(delete(audit_head))
            assert (
                f"Entries 1 to {last} are missing at the beginning, and no signed head"
                in (kept.verdict(connection).faults[0])
            )


def test_a_head_of_the_file_is_none_for_the_database(kept: Log) -> None:
    """Whoever can write the database and read the file can't cut the beginning by it."""
    head = HeadsFile(kept.directory / HEADS).last()
    assert head is not None
    with kept.tampered() as connection:
        connection.execute(delete(audit_events).where(audit_events.c.number <= head.number))
        connection.execute(
            update(audit_head).values(
                number=head.number, hash=head.hash, at_utc_ns=head.at_utc_ns,
                signature=head.signature,
            )
        )  # fmt: skip
        assert "has a wrong signature" in kept.verdict(connection).faults[0]


def test_an_earlier_head_of_the_database_is_none_for_a_later_cut(kept: Log) -> None:
    with kept.tampered() as connection:
        connection.execute(delete(audit_events).where(audit_events.c.number <= 20))
        (fault,) = kept.verdict(connection).faults
        assert fault.startswith("Entries 11 to 20 are missing: someone has removed them")


@pytest.mark.parametrize("number", (-5, 0, 1, 10))
def test_an_entry_before_the_first_is_found(kept: Log, number: int) -> None:
    with kept.tampered() as connection:
        row = row_of(connection, FIRST)
        connection.execute(insert(audit_events), {**row, "number": number})
        (fault,) = kept.verdict(connection).faults
        assert fault.startswith(f"Entry {number} stands before the first one that can be there, 11")


def test_an_added_entry_is_found(kept: Log) -> None:
    with kept.tampered() as connection:
        row = row_of(connection, LAST)
        connection.execute(insert(audit_events), {**row, "number": LAST + 1})
        (fault,) = kept.verdict(connection).faults
        assert fault.startswith(f"Entry {LAST + 1} ")


LINES = {
    "a digit": (lambda text: text.replace(b" 35 ", b" 36 "), "Line 3 of .* has a wrong signature"),
    "a time": (lambda text: b"2" + text[1:].replace(b"\n2", b"\n3"), "wrong signature"),
    "no head": (lambda text: text.replace(b" 20 ", b" xx "), "Line 2 of .* is no head"),
    "long": (lambda text: b"x" * 9_000 + b"\n" + text, "Line 1 of .* is no head"),
    "moved": (
        lambda text: b"".join(reversed(text.splitlines(keepends=True))), "lines were moved",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", LINES)
def test_a_changed_line_of_the_heads_is_found(kept: Log, what: str) -> None:
    path = kept.directory / HEADS
    as_it_was = path.read_bytes()
    do, said = LINES[what]
    try:
        path.write_bytes(do(as_it_was))
        verdict = kept.verdict()
        assert any(map(re.compile(said).search, verdict.faults)), verdict.faults
    finally:
        path.write_bytes(as_it_was)


def test_a_line_that_is_being_written_is_no_fault(kept: Log) -> None:
    path = kept.directory / HEADS
    as_it_was = path.read_bytes()
    try:
        path.write_bytes(as_it_was + b"2026-03-02T10:00:00Z 4")
        verdict = kept.verdict()
        assert (verdict.faults, verdict.heads) == ([], 3)
    finally:
        path.write_bytes(as_it_was)


@pytest.mark.parametrize(
    ("name", "said"),
    (
        (KEY, r"audit-key is missing, so no signature can be checked: copy it back"),
        (HEADS, r"audit-heads\.log is missing or empty, though audit-key has signed heads"),
    ),
)
def test_a_missing_file_is_said(kept: Log, name: str, said: str) -> None:
    path = kept.directory / name
    path.rename(path.with_suffix(".away"))
    try:
        (fault,) = kept.verdict().faults
        assert re.search(said, fault)
    finally:
        path.with_suffix(".away").rename(path)


def test_another_key_makes_every_signature_wrong(kept: Log) -> None:
    path = kept.directory / KEY
    as_it_was = path.read_bytes()
    try:
        path.write_bytes(b"k" * 32)
        assert kept.verdict().n_faults == 4  # the head in the database, and three lines
        path.write_bytes(b"short")
        (fault,) = kept.verdict().faults
        assert "is no key: it has 5 bytes and not 32" in fault
    finally:
        path.write_bytes(as_it_was)


def test_of_many_faults_the_first_are_said_and_all_are_counted(kept: Log) -> None:
    with kept.tampered() as connection:
        connection.execute(update(audit_events).values(action="exported"))
        verdict = kept.verdict(connection)
        assert (len(verdict.faults), verdict.n_faults) == (10, 30)


def test_an_empty_log_is_whole(log: Log) -> None:
    assert (log.verdict().faults, log.verdict().entries) == ([], 0)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(who=st.sets(st.sampled_from(("ada", "kim"))))
def test_anonymising_anyone_breaks_no_chain(kept: Log, who: set[str]) -> None:
    with kept.tampered() as connection:
        for person in who:
            assert anonymise(connection, person)
        assert kept.verdict(connection).faults == []


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(st.integers(0, 4), min_size=1, max_size=6),
    days=st.lists(st.integers(0, 900), min_size=1, max_size=4),
    most=st.integers(1, 5),
)
def test_retention_at_any_point_leaves_a_whole_chain(
    tmp_path_factory: pytest.TempPathFactory, parts: list[int], days: list[int], most: int
) -> None:
    log = Log(tmp_path_factory.mktemp("log"))
    for count in parts:
        log.add(count)
        log.note_head()
        log.clock.advance(60 * DAY_S)
    added, removed = sum(parts), 0
    for after in days:
        log.clock.advance(after * DAY_S)
        while gone := log.retire(most=most):
            assert gone <= most
            removed += gone
            verdict = log.verdict()
            assert (verdict.faults, verdict.entries) == ([], added - removed)
            assert verdict.removed == removed
        log.add()
        added += 1
        assert log.verdict().faults == []
    log.database.close()


def test_retention_meanwhile_is_no_gap(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("school.audit.verify._BATCH", 4)
    log.add(30)
    log.note_head()
    log.clock.advance(800 * DAY_S)
    asked: list[int] = []

    def while_retiring(connection: Connection, number: int, most: int):
        rows = list(rows_after(connection, number, most))
        asked.append(number)
        if number == 4:
            log_2.retire(most=20)
        return iter(rows)

    log_2 = Log(log.directory, log.url)
    log_2.clock = log.clock
    log_2.upkeep._clock = log.clock
    monkeypatch.setattr("school.audit.verify.rows_after", while_retiring)
    # SQLite's connection is held while it reads: another one retires.
    verdict = log.verdict()
    assert (verdict.faults, verdict.removed) == ([], 20)
    assert verdict.entries == 8 + 10
    log_2.database.close()


class Slow(ManualClock):
    """Each look at it takes six seconds."""

    def elapsed_ns(self) -> int:
        self.advance(6)
        return self.now_ns


def test_long_walks_say_how_far_they_are(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("school.audit.verify._BATCH", 2)
    log.add(5)
    log.clock = Slow()
    assert log.verdict().entries == 5
    assert log.progress == [f"checked {n} entries so far ..." for n in (2, 4, 5)]


WRITER = """
import sys
from pathlib import Path
from collections.abc import Iterator
from pydantic import SecretStr
from school.audit.log import append
from school.audit.names import actor_of
from school.audit.records import Event
from school.database import open_school_database
url = SecretStr(sys.argv[2]) if sys.argv[2] else None
database = open_school_database(Path(sys.argv[1]), url)
print("open", flush=True)
sys.stdin.readline()
for number in range(40):
    how = database.writing if number % 2 else database.recording
    with how() as connection:
        actor = actor_of(connection, f"p{number % 3}", "Ada")
        append(connection, Event(at_utc_ns=number, actor=actor, action="saw", thing="people"))
database.close()
"""


@pytest.mark.slow
def test_two_processes_keep_one_chain(log: Log) -> None:
    text = log.url.get_secret_value() if log.url else ""
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(log.directory), text],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "open\n"
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("\n")
        program.stdin.flush()
    for program in programs:
        program.communicate(timeout=120)
    assert [program.returncode for program in programs] == [0, 0]
    verdict = log.verdict()
    assert (verdict.faults, verdict.entries) == ([], 80)
    with log.database.reading() as connection:
        actors = {row.actor for row, _ in rows_after(connection, 0, 100)}
    assert len(actors) == 3


def test_the_key_is_its_owners_alone(kept: Log) -> None:
    for name in (KEY, HEADS):
        assert (kept.directory / name).stat().st_mode & 0o777 == 0o600
    key = AuditKey(kept.directory).read()
    assert key is not None
    with kept.database.reading() as connection:
        head = signed_head(connection)
    assert head is not None
    again = signed("removed", Tip(head.number, head.hash), head.at_utc_ns, key)
    assert again.signature == head.signature
