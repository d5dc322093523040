"""Entries come in order and with what they record, stay as they are, and are read with names."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from contract.clock import SECOND_NS
from school.audit.chain import START, entry_hash
from school.audit.log import append, append_unless_recent, rows_after, tip
from school.audit.names import actor_of, actor_of_program, actors_named, anonymise, token_of
from school.audit.reading import about, events_of_actors, events_of_lesson, latest, own
from school.audit.records import Event
from tests.school.audit.logged import Log, Undone

OF_ONE = {
    "sqlite": "INSERT OR REPLACE INTO audit_events SELECT 15, at_utc_ns, actor, 'signed_in', "
    "thing, thing_id, lesson, detail, hash FROM audit_events WHERE number = 15",
    "postgresql": "TRUNCATE audit_events",
}
"""A statement that the other database does not have."""


def seen(connection: Connection, *, at_s: int = 1, person: str = "ada") -> Event:
    actor = actor_of(connection, person, f"{person.title()} Okafor")
    return Event(
        at_utc_ns=at_s * SECOND_NS, actor=actor, action="saw", thing="lesson", thing_id="maths-1",
        lesson="maths-1",
    )  # fmt: skip


def test_each_entry_follows_the_one_before(log: Log) -> None:
    with log.database.recording() as connection:
        assert tip(connection) == (0, START)
        assert [append(connection, seen(connection)) for _ in range(3)] == [1, 2, 3]
    with log.database.reading() as connection:
        before = START
        for number, (row, found) in enumerate(rows_after(connection, 0, 10), 1):
            assert row.number == number
            assert row.lesson == b"maths-1"
            assert found == entry_hash(before, row)
            before = found
        assert tip(connection) == (3, before)


def test_what_is_undone_leaves_no_entry(log: Log) -> None:
    log.add(2)
    with suppress(Undone), log.database.writing() as connection:
        append(connection, seen(connection))
        raise Undone
    log.add()
    assert log.verdict().entries == 3
    assert log.verdict().faults == []


def test_a_record_that_nobody_follows_raises_no_revision(log: Log) -> None:
    before = log.database.revision()
    log.add()
    assert log.database.revision() == before
    with log.database.writing() as connection:
        append(connection, seen(connection))
    assert log.database.revision() == before + 1
    assert log.verdict().entries == 2


def test_a_page_that_asks_each_second_is_one_look(log: Log) -> None:
    minute = 60 * SECOND_NS
    with log.database.recording() as connection:
        for at_s, person, number in (
            (100, "ada", 1), (101, "ada", None), (101, "kim", 2), (160, "ada", 3), (161, "kim", 4),
        ):  # fmt: skip
            event = seen(connection, at_s=at_s, person=person)
            assert append_unless_recent(connection, event, minute) == number


@pytest.mark.parametrize(
    "statement",
    (
        "UPDATE audit_events SET lesson = NULL WHERE number = 15",
        "UPDATE audit_events SET number = 99 WHERE number = 40",
        "DELETE FROM audit_events WHERE number = 40",
        "DELETE FROM audit_events",
        "UPDATE audit_head SET number = 9",
        "DELETE FROM audit_head",
        "",
    ),
)
def test_no_statement_changes_or_removes_an_entry(kept: Log, kind: str, statement: str) -> None:
    statement = statement or OF_ONE[kind]
    with (
        pytest.raises(Exception, match="audit log") as caught,
        kept.database.recording() as connection,
    ):
        connection.exec_driver_sql(statement)
    assert type(caught.value).__name__ in {"IntegrityError", "IntegrityConstraintViolation"}
    assert not isinstance(caught.value, DBAPIError)
    assert kept.verdict().faults == []


def test_a_token_stands_for_a_person_as_long_as_they_have_a_name(log: Log) -> None:
    with log.database.writing() as connection:
        ada = actor_of(connection, "p1", "Ada Okafor")
        assert actor_of(connection, "p1", "Ada Okafor") == ada
        assert actor_of(connection, "p1", "Ada Obi") == ada
        assert actors_named(connection, "Ada Okafor") == []
        assert actors_named(connection, "Ada Obi") == [ada]
        assert "p1" not in ada
        assert actor_of(connection, "p2", "Ada Obi") != ada
        program = actor_of_program(connection, "roomtone purge")
        assert actor_of_program(connection, "roomtone purge") == program
        assert actor_of(connection, "p3", "roomtone purge") != program
        assert anonymise(connection, "p1")
        assert not anonymise(connection, "p1")
        assert token_of(connection, "p1") is None
        assert actor_of(connection, "p1", "Ada Obi") != ada


def test_a_teacher_reads_who_looked_at_a_lesson(log: Log) -> None:
    log.add(2)
    log.add(1, who="kim", lesson=None)
    log.add(1, who="kim")
    with log.database.reading() as connection:
        assert [each.number for each in events_of_lesson(connection, "maths-1")] == [4, 2, 1]
        assert [each.who for each in events_of_lesson(connection, "maths-1", limit=2)] == [
            "Kim Okafor", "Ada Okafor",
        ]  # fmt: skip
        older = events_of_lesson(connection, "maths-1", before=4)
        assert [each.number for each in older] == [2, 1]
        assert events_of_lesson(connection, "art-1") == []
        assert [each.number for each in latest(connection, 2)] == [4, 3]
        assert [each.number for each in latest(connection, 2, 3)] == [2, 1]
        assert [each.number for each in own(connection, "kim")] == [4, 3]
        assert own(connection, "nobody") == []
        assert older[0].detail == {"page": 1}


def test_what_was_done_to_a_person_is_found_and_anonymised_with_them(log: Log) -> None:
    with log.database.writing() as connection:
        ada, kim = actor_of(connection, "ada", "Ada Okafor"), actor_of(connection, "kim", "Kim")
        append(
            connection,
            Event(at_utc_ns=5, actor=ada, action="reset_sent", thing="person", thing_id=kim),
        )
    with log.database.reading() as connection:
        (sent,) = about(connection, "kim")
        assert sent.sentence == "Ada Okafor made a link for Kim to choose a new password"
        assert about(connection, "ada") == []
        assert about(connection, "nobody") == []
        assert len(events_of_actors(connection, [kim])) == 1
    with log.database.writing() as connection:
        anonymise(connection, "kim")
        anonymise(connection, "ada")
    with log.database.reading() as connection:
        (sent,) = latest(connection)
        assert sent.sentence == (
            "A person who left made a link for a person who left to choose a new password"
        )
    assert log.verdict().faults == []


def test_entries_are_found_by_an_index(tmp_path: Path) -> None:
    log = Log(tmp_path)
    with closing(log.database), log.database.reading() as connection:
        of_person = "thing_id = 'a' AND thing = 'person'"
        for where, index in (
            ("lesson = 'a'", "audit_events_lesson (lesson=?)"),
            ("actor = 'a'", "audit_events_actor (actor=?)"),
            (of_person, "audit_events_thing (thing_id=? AND thing=?)"),
            # However often somebody guesses their password, their start page does not read it.
            (f"{of_person} AND action IN ('b', 'c')",
             "audit_events_thing (thing_id=? AND thing=? AND action=?)"),
        ):  # fmt: skip
            plan = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN SELECT * FROM audit_events WHERE {where} ORDER BY number DESC"
            ).all()
            assert index in str(plan[0])
