"""Between lessons the live page says whether the room is ready for the next one."""

from __future__ import annotations

from contract.clock import SECOND_NS
from contract.wire.messages import Death
from ingest.stores.records import Tick

LIVE = "/api/rooms/room-204/live"
HOUR_NS = 3_600 * SECOND_NS


def more(client) -> list[str]:
    live = client.get(LIVE).json()
    assert live["state"] == "off"
    return live["more"]


def test_it_says_ready_and_soon_after_a_kit_went_off_what_is_missing(client, filled, stores, clock):
    clock.utc_at_boot_ns = filled.start_ns + 2 * HOUR_NS
    assert more(client) == ["The room is ready for the lesson."]
    (stream,) = stores.periods.newest_runs("room-204")
    death = Death(node=stream.node, run=stream.run, boot=stream.boot or "", reason="lost")
    stores.periods.commit(
        Tick(received_utc_ns=clock.utc_ns(), deaths=[(stream.site, stream.room, death)])
    )
    assert more(client) == ["The room is ready for the lesson."]  # looked over each ten seconds
    clock.now_ns += 11 * SECOND_NS
    (said,) = more(client)
    assert said.startswith(f"The room is not ready: The kit {stream.node} is off or out of reach.")
    assert said in client.get("/rooms/room-204/live").text


def test_in_a_lesson_it_is_not_said(client, filled, clock):
    clock.utc_at_boot_ns = filled.start_ns + 600 * SECOND_NS
    live = client.get(LIVE).json()
    assert live["lesson"] is not None
    assert not [each for each in live["more"] if "ready" in each]
