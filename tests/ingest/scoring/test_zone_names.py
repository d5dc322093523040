"""Zones may be called anything: alerts of different ones never share an id, nor are they the room's."""

from __future__ import annotations

import re
from dataclasses import replace

from contract.lesson import Zone
from ingest.scoring.lesson_state import zones_of
from tests.ingest.school import LENGTH, LOUD, NODE, SEATS, School


def alert_ids(*names: str) -> dict[str, str]:
    """Alert ids by zone, in a lesson whose two zones are called so."""
    school = School()
    zones = (Zone(name=names[0], seats=SEATS[:6]), Zone(name=names[1], seats=SEATS[6:]))
    school.lessons.put(replace(school.lesson, zones=zones))
    school.live(range(LOUD.start + 60))
    return {alert.zone: alert.id for alert in school.alerts}


def test_a_plain_name_stands_in_the_id() -> None:
    ids = alert_ids("left", "hub-2")
    assert {zone: name.split(".")[2] for zone, name in ids.items()} == {
        "room": "room", "left": "left", "hub-2": "hub-2",
    }  # fmt: skip


def test_names_that_are_alike_without_their_signs_have_ids_of_their_own() -> None:
    for names in (("窓側", "ÄÖ"), ("Fenster ä", "Fenster ö"), ("hub_1", "hub-1"), ("A", "a")):
        ids = alert_ids(*names)
        assert set(ids) == {"room", *names}
        assert len(set(ids.values())) == 3
        for name in ids.values():
            assert re.fullmatch(r"[a-z0-9.-]+", name)
            assert all(name.split("."))
        assert ids == alert_ids(*names)  # scored again, they are the same


def test_a_hub_called_room_is_a_zone_like_others() -> None:
    school = School()
    school.lessons.put(replace(school.lesson, zones=()))
    named = replace(NODE, hub="room")
    school.keep(named.birth())
    school.start()
    school.live(range(LENGTH), named)
    assert [zone.zone for zone in school.epochs[-1].zones] == ["room", "zone room"]
    assert [alert.zone for alert in school.alerts] == ["room", "zone room"]
    lesson = replace(school.lesson, zones=(Zone(name="room", seats=SEATS),))
    assert [zone.name for zone in zones_of(lesson, None)] == ["zone room"]
