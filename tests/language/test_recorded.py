"""What stores keep in English comes out in the reader's language, whatever its values."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.language import _, language, speaking
from dashboard_api.language.recorded import RECORDED, recorded_text
from dashboard_api.live.rooms import LiveRooms
from dashboard_api.together.conversation import Conversation
from dashboard_api.together.messages import NOT_OPEN, ClosedError
from dashboard_api.views.older_reasons import todays_words
from dashboard_api.views.text import notice_sentence
from ingest.stores.notices import TOO_MANY_ROOMS, Notice
from models.serving.alerts import reasons
from models.serving.scores import ROOM
from school.video.media.sentences import refusal
from tests.language.marked import MARKED

SIGNS = st.dictionaries(
    st.sampled_from(["movement", "unrest", "moving_seats", "fidgets", "noise"]),
    st.floats(-30.0, 30.0),
)


@given(SIGNS, st.sampled_from([ROOM, "front"]))
def test_every_reason_of_an_alert_is_known(signs: dict[str, float], zone: str) -> None:
    said = reasons(signs, zone)
    with speaking(MARKED):
        shown = [recorded_text(each) for each in said]
    for english, sentence in zip(said, shown, strict=True):
        # A decimal is written as the language does, and nothing else changes.
        assert sentence[1:-1].replace(",", ".") == english
        assert sentence[:1] + sentence[-1:] == "[]"


@pytest.mark.parametrize("template", RECORDED)
def test_every_sentence_is_found_again_with_its_values(template: str) -> None:
    values: dict[str, Any] = {
        "times": "1.4", "movements": "0.6", "node": "pi-204: 3 runs here", "n": "16", "video": "v",
    }  # fmt: skip
    with speaking(MARKED):
        shown = recorded_text(template.format(**values))
    assert shown == f"[{template.format(**values | {'times': '1,4', 'movements': '0,6'})}]"


def test_an_older_reason_and_what_nobody_knows() -> None:
    older = ("Movement 6 dB above the zone's own normal.", "something else")
    with speaking(MARKED):
        assert todays_words(older) == [
            "[About 2,0 times the zone's usual movement.]", "Something else",
        ]  # fmt: skip
    assert todays_words(older)[0] == "About 2.0 times the zone's usual movement."


def test_a_notice_is_one_sentence_around_another() -> None:
    notice = Notice(
        node="pi-204", kind="limit", room="a", sentence=TOO_MANY_ROOMS.format(node="pi-204", n=16),
        count=3, first_utc_ns=0, last_utc_ns=1,
    )  # fmt: skip
    with speaking(MARKED):
        assert notice_sentence(notice) == (
            "[[pi-204 was in 16 rooms, the most that one node may be in] (3 times). Ask a technician "
            "to check it: it may be broken, or someone may have changed it.]"
        )


def test_a_refusal_is_kept_in_english_whoever_uploads() -> None:
    with speaking(MARKED):
        kept = str(refusal("cut_off"))
        assert recorded_text(kept) == f"[{kept}]"
    assert "[" not in kept


def test_pages_of_a_room_in_two_languages_each_get_their_own() -> None:
    async def look(room: str) -> bytes:
        return f"{room} in {language().tag}".encode()

    async def version() -> int:
        return 0

    async def run() -> None:
        rooms = LiveRooms(look=look, version=version)
        task = asyncio.create_task(rooms.run())
        try:
            with speaking(MARKED):
                marked = rooms.follow("a")
            async with asyncio.timeout(60):
                assert await anext(rooms.follow("a")) == b"a in en"
                assert await anext(marked) == b"a in es"
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


def test_a_socket_that_the_server_closes_says_why_in_the_language_of_its_page() -> None:
    async def check() -> None:
        raise ClosedError(NOT_OPEN, _("This lesson is not open to you any more."))

    card: Any = SimpleNamespace(check=check)
    socket: Any = None
    with speaking(MARKED):
        conversation = Conversation(socket, socket, card, "own", socket)
    asyncio.run(conversation.look(for_changes=False))
    _messages, close = asyncio.run(conversation.outgoing.next())
    assert close == (NOT_OPEN, "[This lesson is not open to you any more.]")
