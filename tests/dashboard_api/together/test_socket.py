"""The socket of a debrief on a real server: whom it lets in, how long, and what it takes."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from contract.clock import SECOND_NS
from dashboard_api.together.debriefs import EVERY_S
from dashboard_api.together.messages import (
    FLOOD,
    FULL,
    GARBAGE,
    NOT_OPEN,
    SIGNED_OUT,
    TOO_LARGE,
)
from dashboard_api.together.room import MAX_MEMBERS
from tests.dashboard_api.server import running, until
from tests.dashboard_api.together.sockets import Page
from tests.signed_in import BY, COACH, COOKIE_NAME, TEACHER, add_person, cookie

pytestmark = pytest.mark.slow


def post(debrief, person: str, path: str, data: dict[str, str] | None = None) -> None:
    address = f"http://127.0.0.1:{debrief.server.port}"
    cookies = {COOKIE_NAME: debrief.cookies[person]}
    answer = httpx.post(
        address + path, data=data or {}, cookies=cookies, headers={"Origin": address}
    )
    assert answer.status_code < 400, answer.text


def test_two_pages_share_a_playhead_and_see_each_other(debrief) -> None:
    teacher, coach = debrief.page(TEACHER), debrief.page(COACH)
    people = coach.hear("people")["people"]
    assert [(each["name"], each["role"], each["leads"]) for each in people] == [
        (TEACHER, "teacher", True), (COACH, "coach", False),
    ]  # fmt: skip
    teacher.send("move", position_s=61.5, is_playing=True, rate=1.0, at_ms=None)
    head = coach.hear("playhead")
    assert (head["position_s"], head["is_playing"]) == (61.5, True)
    coach.send("lead")
    coach.send("move", position_s=70.0, is_playing=False, rate=1.0, at_ms=None)
    assert teacher.hear("playhead")["position_s"] == 70.0


def test_a_ping_is_answered_with_the_rooms_time(debrief) -> None:
    page = debrief.page(TEACHER)
    page.send("ping", number=3)
    pong = page.hear("pong")
    assert pong["number"] == 3
    now_ms = debrief.rooms.now_ns() / 1e6
    assert pong["heard_ms"] <= pong["sent_ms"] <= now_ms


@pytest.mark.parametrize(
    ("given", "status"),
    (
        ({"origin": "http://evil.example"}, 403),
        ({"origin": None}, 403),
        ({"origin": "null"}, 403),
        ({"headers": {"Sec-Fetch-Site": "cross-site"}}, 403),
        ({"headers": {"X-Padding": "x" * 7_000, "X-More": "x" * 7_000, "X-A": "y" * 3_000}}, 431),
        ({"lesson": "never-was"}, 404),
        ({"headers": {"Authorization": "Bearer nothing"}}, 401),
    ),
)
def test_who_may_not_see_the_lesson_gets_no_socket(debrief, given, status) -> None:
    with pytest.raises(InvalidStatus) as refused:
        debrief.page(TEACHER, joins=False, **given)
    answer = refused.value.response
    assert answer.status_code == status
    assert len(json.loads(answer.body)["detail"].split(". ")) <= 3


def test_nobody_else_gets_a_socket(debrief) -> None:
    add_person(debrief.stores.people, "other", "coach", "technician", "administrator")
    for token, status in (
        (cookie(debrief.stores.people, debrief.clock.utc_ns(), "other")[COOKIE_NAME], 404),
        ("", 401),
    ):
        debrief.cookies["other"] = token
        with pytest.raises(InvalidStatus) as refused:
            debrief.page("other", joins=False)
        assert refused.value.response.status_code == status


def test_other_addresses_have_no_socket(debrief) -> None:
    address = f"http://127.0.0.1:{debrief.server.port}"
    upgrade = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Origin": address,
    }  # fmt: skip
    cookies = {COOKIE_NAME: debrief.cookies[TEACHER]}
    answer = httpx.get(f"{address}/lessons/sample", headers=upgrade, cookies=cookies)
    assert answer.status_code == 200
    assert httpx.get(f"{address}/lessons/sample/together", cookies=cookies).status_code == 404


def test_a_share_that_ends_closes_the_coachs_socket_at_once(debrief) -> None:
    teacher, coach = debrief.page(TEACHER), debrief.page(COACH)
    began = time.monotonic()
    post(debrief, TEACHER, f"/lessons/sample/sharing/{COACH}/end")
    assert coach.closed() == (NOT_OPEN, "This lesson is not open to you any more.")
    assert time.monotonic() - began < EVERY_S
    while len(teacher.hear("people")["people"]) != 1:
        pass


def test_a_share_whose_day_is_over_closes_it_too(debrief) -> None:
    coach = debrief.page(COACH)
    debrief.clock.now_ns += 2 * 86_400 * SECOND_NS
    debrief.stores.people.start_session(COACH, "later", debrief.clock.utc_ns())
    assert coach.closed()[0] in {NOT_OPEN, SIGNED_OUT}


def test_whoever_signs_out_is_out_of_the_debrief(debrief) -> None:
    coach = debrief.page(COACH)
    post(debrief, COACH, "/sign-out")
    assert coach.closed()[0] == SIGNED_OUT


def test_a_revoked_account_is_out_of_it(debrief) -> None:
    coach, teacher = debrief.page(COACH), debrief.page(TEACHER)
    post(debrief, TEACHER, f"/people/{COACH}/roles", {"roles": "technician"})
    assert coach.closed()[0] == SIGNED_OUT
    teacher.send("ping", number=1)
    assert teacher.hear("pong")["number"] == 1


def test_rights_are_asked_for_at_each_message(debrief, monkeypatch) -> None:
    """Also where nothing of the server has announced a change."""
    monkeypatch.setattr("dashboard_api.together.debriefs.EVERY_S", 3_600.0)
    coach = debrief.page(COACH)
    debrief.stores.sharing.unshare("sample", COACH, BY)
    coach.send("move", position_s=1.0, is_playing=False, rate=1.0, at_ms=None)
    assert coach.closed()[0] == NOT_OPEN


@pytest.mark.parametrize(
    ("sent", "code"),
    (("garbage", GARBAGE), (b"\0\1", GARBAGE), ("x" * 4_000, TOO_LARGE), ("x" * 40_000, 1009)),
)
def test_garbage_closes_the_socket_with_a_sentence(debrief, sent, code) -> None:
    page = debrief.page(TEACHER)
    page.socket.send(sent)
    got, sentence = page.closed()
    assert got == code
    assert code == 1009 or sentence.endswith(".")
    until(lambda: list(debrief.rooms) == [])
    assert debrief.server.refused("messages") == (code != 1009)


def test_a_flood_closes_the_socket_and_others_go_on(debrief) -> None:
    flood, other = debrief.page(TEACHER), debrief.page(COACH)
    with suppress(ConnectionClosed):
        for number in range(400):
            flood.send("ping", number=number)
    assert flood.closed()[0] == FLOOD
    other.send("ping", number=1)
    assert other.hear("pong")["number"] == 1


def test_the_first_message_joins_and_no_other_does(debrief) -> None:
    for sent in ({"type": "lead"}, {"type": "ping", "number": 1}):
        page = debrief.page(TEACHER, joins=False)
        page.socket.send(json.dumps(sent))
        assert page.closed()[0] == GARBAGE
    page = debrief.page(TEACHER)
    page.send("join", client="0" * 16, person=TEACHER)
    assert page.closed()[0] == GARBAGE


def test_a_page_of_another_person_does_not_join(debrief) -> None:
    page = debrief.page(TEACHER, joins=False)
    page.send("join", client="0" * 16, person=COACH)
    assert page.closed() == (
        SIGNED_OUT, "Somebody else is signed in in this browser by now.",
    )  # fmt: skip


def test_a_lesson_and_a_person_have_so_many_sockets(stores, filled) -> None:
    with running(stores, max_streams_per_person=MAX_MEMBERS + 1) as server:
        token = server.cookie.partition("=")[2]
        pages = [Page(server.port, token).join(TEACHER, each) for each in range(MAX_MEMBERS)]
        more = Page(server.port, token)
        more.send("join", client=f"{99:016x}", person=TEACHER)
        assert more.closed()[0] == FULL
        pages[0].socket.close()
        until(lambda: len(server.app.state.stream_places) == MAX_MEMBERS - 1)
        pages += [Page(server.port, token), Page(server.port, token)]
        with pytest.raises(InvalidStatus) as refused:
            Page(server.port, token)
        assert refused.value.response.status_code == 429
        assert refused.value.response.headers["Retry-After"]
        assert server.refused("streams") == 1
        for each in pages:
            each.socket.close()


def test_a_closed_socket_gives_its_connection_back(stores, filled) -> None:
    with running(stores, max_connections=3) as server:
        token = server.cookie.partition("=")[2]
        gate = server.app.state.gate
        for _ in range(5):
            page = Page(server.port, token).join(TEACHER)
            assert len(gate) == 1
            page.socket.close()
            until(lambda: len(gate) == 0)


def test_an_open_socket_does_not_give_way_and_has_no_time_limit_of_a_request(
    stores, filled
) -> None:
    with running(stores, max_connections=2, head_timeout_s=0.3, idle_timeout_s=1) as server:
        token = server.cookie.partition("=")[2]
        page = Page(server.port, token).join(TEACHER)
        for _ in range(4):
            server.peer().ask("/healthz")
        until(lambda: server.refused("evicted") >= 2)
        page.send("ping", number=1)
        assert page.hear("pong")["number"] == 1
        page.socket.close()
