"""Looks at a page that asks again and again are one entry, also over programs."""

from __future__ import annotations

from dataclasses import replace

from school.audit.actor import Actor
from school.audit.store import LOOK_NS, AuditStore
from school.sqlite_database import MemoryDatabase

ADA = Actor(name="Ada", utc_ns=1_000, person="ada")


def test_looks_within_ten_minutes_are_one_entry() -> None:
    database = MemoryDatabase()
    one, other = AuditStore(database), AuditStore(database)
    for store in (one, other):  # the second has not seen the first one's
        for later in (0, 1, LOOK_NS - 1):
            store.record_look(replace(ADA, utc_ns=1_000 + later), "lesson", "l", lesson="l")
    assert [entry.at_utc_ns for entry in one.of_lesson("l", 9)] == [1_000]
    one.record_look(replace(ADA, utc_ns=1_000 + LOOK_NS), "lesson", "l", lesson="l")
    one.record_look(ADA, "lesson", "m", lesson="m")
    one.record_look(replace(ADA, person="bob", name="Bob"), "lesson", "l", lesson="l")
    assert len(one.of_lesson("l", 9)) == 3
    assert len(one.of_lesson("m", 9)) == 1


def test_what_is_remembered_of_looks_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr("school.audit.store._MAX_LOOKS", 3)
    store = AuditStore(MemoryDatabase())
    for number in range(10):
        store.record_look(ADA, "lesson", f"l{number}", lesson=f"l{number}")
    assert len(store._looks) == 3
