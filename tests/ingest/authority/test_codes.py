"""A code is for one node, works once and for fifteen minutes; five wrong tries void it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.enrolment.codes import KitCode, QrText, typed_code
from contract.errors import EnrolmentError, UsageError
from edge_agent.enrolment.dialogue import enrol
from edge_agent.enrolment.own_key import OwnKey
from ingest.authority.authority import Authority
from ingest.authority.conversation import KitConversation

from .conftest import SETTINGS, MovableClock, enrol_kit, talk_to


def other_than(code: str, by: int = 1) -> KitCode:
    """A code for the same slot with other digits."""
    return typed_code(code[0] + f"{(int(code[1:]) + by) % 100_000:05}")


def try_code(authority: Authority, code: KitCode) -> str:
    """What comes of a try: "in", or the sentence of the refusal."""
    try:
        enrol(code, OwnKey.new(), talk_to(authority))
    except EnrolmentError as error:
        return str(error)
    return "in"


def test_a_typed_code_makes_a_kit_the_node_that_it_was_made_for(authority: Authority) -> None:
    _, enrolled = enrol_kit(authority)
    assert (enrolled.identity.site, enrolled.identity.room) == ("school", "r1")
    assert enrolled.identity.node == "pi-1"
    assert enrolled.identity.settings == SETTINGS
    (node,) = authority.nodes()
    assert node.enrolled_at is not None
    assert node.code == "none"


def test_the_text_of_a_qr_code_does_the_same(authority: Authority) -> None:
    made = authority.new_code("school", "r1", "pi-1", SETTINGS)
    text = QrText.parse(made.qr_text)
    assert (text.host, text.port) == ("server.example", authority.settings.port)
    assert try_code(authority, text.code) == "in"


def test_a_code_has_six_digits_and_works_once(authority: Authority) -> None:
    made = authority.new_code("school", "r1", "pi-1", SETTINGS)
    assert len(made.code) == 6
    assert made.code.isdigit()
    assert try_code(authority, typed_code(made.code)) == "in"
    assert "used already" in try_code(authority, typed_code(made.code))
    assert "used already" in try_code(authority, QrText.parse(made.qr_text).code)


def test_a_code_is_over_after_fifteen_minutes(authority: Authority, clock: MovableClock) -> None:
    first = authority.new_code("school", "r1", "pi-1", SETTINGS)
    clock.advance(minutes=15)
    assert "15 minutes" in try_code(authority, typed_code(first.code))
    assert authority.nodes()[0].code == "expired"
    second = authority.new_code("school", "r1", "pi-1", SETTINGS)
    clock.advance(minutes=14, seconds=59)
    assert try_code(authority, typed_code(second.code)) == "in"


def test_a_code_that_ends_during_the_conversation_gives_no_certificate(
    authority: Authority, clock: MovableClock
) -> None:
    made = authority.new_code("school", "r1", "pi-1", SETTINGS)
    plain, sent = talk_to(authority), []

    def late(frame: bytes) -> bytes:
        if sent:
            clock.advance(minutes=15)
        sent.append(frame)
        return plain(frame)

    with pytest.raises(EnrolmentError, match="15 minutes"):
        enrol(typed_code(made.code), OwnKey.new(), late)
    assert authority.nodes()[0].enrolled_at is None


def test_five_wrong_tries_void_a_code_even_for_who_knows_it(authority: Authority) -> None:
    made = authority.new_code("school", "r1", "pi-1", SETTINGS)
    for by in range(1, 6):
        assert f"{5 - by} more tries" in try_code(authority, other_than(made.code, by))
    assert "void after five wrong tries" in try_code(authority, typed_code(made.code))
    assert "void" in try_code(authority, QrText.parse(made.qr_text).code)
    (node,) = authority.nodes()
    assert (node.code, node.tries_left, node.enrolled_at) == ("void", 0, None)


def test_four_wrong_tries_leave_one(authority: Authority) -> None:
    made = authority.new_code("school", "r1", "pi-1", SETTINGS)
    for by in range(1, 5):
        try_code(authority, other_than(made.code, by))
    assert try_code(authority, typed_code(made.code)) == "in"


def test_tries_at_the_same_time_are_five_too(authority: Authority) -> None:
    """Each try is counted before the authority proves anything, so waiting gains none."""
    made = authority.new_code("school", "r1", "pi-1", SETTINGS)
    answered = []
    for by in range(1, 40):
        conversation = KitConversation(authority)
        exchange: list[bytes] = []

        def once(
            frame: bytes, to: KitConversation = conversation, got: list[bytes] = exchange
        ) -> bytes:
            got.append(to.answer(frame[4:])[4:])
            return got[-1]

        with suppress(EnrolmentError):
            enrol(other_than(made.code, by), OwnKey.new(), once)
        answered.append(b"welcome" in exchange[0])
    assert sum(answered) == 5


def test_tries_are_counted_over_a_restart(
    open_authority: Callable[[], Authority],
) -> None:
    authority = open_authority()
    made = authority.new_code("school", "r1", "pi-1", SETTINGS)
    for by in range(1, 6):
        try_code(authority, other_than(made.code, by))
        authority = open_authority()
    assert "void" in try_code(authority, typed_code(made.code))


def test_wrong_tries_of_one_code_leave_the_others_alone(authority: Authority) -> None:
    codes = [authority.new_code("school", "r1", f"pi-{n}", SETTINGS) for n in range(3)]
    for by in range(1, 9):
        try_code(authority, other_than(codes[1].code, by))
    assert [try_code(authority, typed_code(made.code)) == "in" for made in codes] == [
        True, False, True,
    ]  # fmt: skip


def test_a_new_code_for_a_node_ends_its_older_one(authority: Authority) -> None:
    first = authority.new_code("school", "r1", "pi-1", SETTINGS)
    second = authority.new_code("school", "r1", "pi-1", SETTINGS)
    assert first.code[0] == second.code[0]
    if first.code != second.code:
        assert try_code(authority, typed_code(first.code)) != "in"
    assert try_code(authority, typed_code(second.code)) == "in"


def test_ten_codes_can_be_open_and_those_that_are_over_make_room(
    authority: Authority, clock: MovableClock
) -> None:
    for number in range(10):
        authority.new_code("school", "r1", f"pi-{number}", SETTINGS)
    with pytest.raises(UsageError, match="10 codes are open"):
        authority.new_code("school", "r1", "pi-10", SETTINGS)
    clock.advance(minutes=15)
    made = authority.new_code("school", "r1", "pi-10", SETTINGS)
    assert try_code(authority, typed_code(made.code)) == "in"


@pytest.mark.parametrize("node", ("server", "broker", "probe", "ingest"))
def test_no_kit_gets_a_name_that_has_rights_of_its_own(authority: Authority, node: str) -> None:
    with pytest.raises(UsageError, match="choose another name"):
        authority.new_code("school", "r1", node, SETTINGS)


@pytest.mark.parametrize(
    ("site", "room", "node"),
    (("school", "ingest", "pi-1"), ("school", "r1", "Pi 1"), ("elsewhere", "r1", "pi-1"),
     ("school", "r1", "pi-1\nuser server"), ("school", "+", "pi-1")),
)  # fmt: skip
def test_names_that_do_not_fit_get_no_code(
    authority: Authority, site: str, room: str, node: str
) -> None:
    with pytest.raises(UsageError):
        authority.new_code(site, room, node, SETTINGS)
    assert authority.nodes() == []


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300))
def test_whatever_comes_first_is_answered_with_a_refusal_and_costs_no_try(
    authority: Authority, body: bytes
) -> None:
    authority.new_code("school", "r1", "pi-1", SETTINGS)
    conversation = KitConversation(authority)
    assert b"refusal" in conversation.answer(body)
    assert conversation.is_over
    assert authority.nodes()[0].tries_left == 5
