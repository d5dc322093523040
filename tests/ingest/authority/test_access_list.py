"""The broker's access list, as text; tests/ingest/commissioning holds it on a real broker."""

from __future__ import annotations

from contract.topics import KINDS, Topic
from ingest.authority.access_list import Place, access_list

KIT = Place("pi-1", "school", "r1")


def lines_of(text: str, user: str) -> list[str]:
    after = text.partition(f"user {user}\n")[2]
    return after.partition("\nuser ")[0].splitlines()


def test_every_kind_of_message_has_its_line() -> None:
    """A kind that is new and forgotten here would be refused by every school's broker."""
    text = access_list(["school"], [KIT])
    own = lines_of(text, "pi-1")
    for kind in KINDS:
        topic = str(Topic("school", "r1", "pi-1", kind))
        assert {f"topic write {topic}", f"topic read {topic}"} & {*own}, kind
    server = {*lines_of(text, "server")}
    assert "topic read roomtone/1/school/#" in server
    for kind in ("ack", "config", "command"):
        assert f"topic write roomtone/1/school/+/+/{kind}" in server


def test_a_kit_never_writes_what_the_server_writes() -> None:
    own = lines_of(access_list(["school"], [KIT]), "pi-1")
    for kind in ("ack", "config", "command"):
        assert f"topic write roomtone/1/school/r1/pi-1/{kind}" not in own
    assert not [line for line in own if "#" in line or "+" in line]


def test_a_kit_that_moves_has_both_rooms_once_each() -> None:
    own = lines_of(access_list(["school"], [KIT, KIT, Place("pi-1", "school", "r2")]), "pi-1")
    assert own.count("topic write roomtone/1/school/r1/pi-1/data") == 1
    assert own.count("topic write roomtone/1/school/r2/pi-1/data") == 1


def test_each_site_of_the_server_is_there() -> None:
    text = access_list(["school", "annexe"], [], more="topic write roomtone-health/school/#")
    server = lines_of(text, "server")
    assert "topic read roomtone/1/annexe/#" in server
    assert server[-1] == "topic write roomtone-health/school/#"
