"""A technician asks a kit from the page of rooms, and reads there what became of it."""

from __future__ import annotations

import pytest

ASK = "/rooms/room-204/kits/room-204-pi/command"


def test_what_was_asked_and_answered_stands_with_the_kit(client, stores, filled):
    assert "no answer yet" not in client.get("/rooms").text
    answer = client.post(ASK, data={"command": "identify"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/rooms")
    (request,) = stores.control.requests()
    assert (request.room, request.node, request.command) == ("room-204", "room-204-pi", "identify")
    assert "to show itself: no answer yet." in client.get("/rooms").text
    stores.control.answer(request.id, is_done=False, why="no hub answers")
    assert "to show itself: not done (no hub answers)." in client.get("/rooms").text
    client.post(ASK, data={"command": "restart"})
    stores.control.answer(stores.control.requests()[0].id, is_done=True, why="")
    assert "to start again: done." in client.get("/rooms").text
    assert [entry.thing_id for entry in stores.audit.latest(1)] == ["room-204-pi"]


@pytest.mark.parametrize(
    ("path", "command", "status"),
    (
        ("/rooms/room-204/kits/pi-9/command", "identify", 404),
        ("/rooms/attic/kits/room-204-pi/command", "identify", 404),
        (ASK, "stop", 422),
    ),
)
def test_only_known_kits_are_asked_and_only_for_these(
    client, stores, filled, path, command, status
):
    assert client.post(path, data={"command": command}).status_code == status
    assert stores.control.requests() == []
