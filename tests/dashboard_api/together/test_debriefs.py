"""The rounds over all open pages of debriefs: one page's fault is its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any, cast

import pytest
from websockets.exceptions import ConnectionClosed

from contract.clock import ManualClock
from contract.errors import StoreError
from dashboard_api.together.conversation import Conversation
from dashboard_api.together.debriefs import Debriefs
from dashboard_api.together.messages import NOT_NOW, ClosedError, Message
from dashboard_api.together.room import Member, Room
from tests.signed_in import COACH, TEACHER


class FakePage:
    """A conversation that notes when it is looked at."""

    def __init__(self, *, is_broken: bool = False) -> None:
        self.card = SimpleNamespace(lesson_id="lesson")
        self.is_broken = is_broken
        self.looks: list[bool] = []
        self.ended: list[int] = []
        self.looked = asyncio.Event()

    async def look(self, *, for_changes: bool) -> None:
        self.looks.append(for_changes)
        self.looked.set()
        if self.is_broken:
            raise ZeroDivisionError("a bug")

    def end(self, error: ClosedError) -> None:
        self.ended.append(error.code)


async def same_version() -> object:
    return 1


async def rounds(debriefs: Debriefs, pages: list[FakePage], ask: Callable[[], None]) -> None:
    """Two rounds over some pages, each asked for."""
    with ExitStack() as stack:
        for page in pages:
            stack.enter_context(debriefs.watched(cast("Conversation", page)))
        running = asyncio.create_task(debriefs.run())
        for _ in range(2):
            ask()
            await asyncio.gather(*(page.looked.wait() for page in pages))
            for page in pages:
                page.looked.clear()
        assert not running.done()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


@pytest.mark.parametrize("lesson", (None, "lesson"), ids=("rights", "changes"))
def test_a_page_that_can_t_be_looked_after_is_closed_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, lesson: str | None
) -> None:
    monkeypatch.setattr("dashboard_api.together.debriefs.EVERY_S", 3_600.0)

    async def play() -> tuple[Debriefs, list[FakePage]]:
        debriefs = Debriefs(ManualClock(), same_version)
        pages = [FakePage(), FakePage(is_broken=True), FakePage()]
        await rounds(debriefs, pages, lambda: debriefs.announce(lesson))
        return debriefs, pages

    debriefs, (first, broken, last) = asyncio.run(play())
    assert first.looks == last.looks == ([True, False] if lesson is None else [True, True])
    assert not first.ended
    assert not last.ended
    assert broken.ended == [NOT_NOW, NOT_NOW]
    assert debriefs.faults == 2
    assert "A page of the debrief of lesson lesson is closed." in caplog.text
    assert "a bug" in caplog.text


def test_rights_are_looked_at_while_nobody_knows_what_is_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dashboard_api.together.debriefs.EVERY_S", 3_600.0)

    async def unknown_version() -> object:
        raise StoreError("the disk is gone")

    async def play() -> FakePage:
        debriefs, page = Debriefs(ManualClock(), unknown_version), FakePage()
        await rounds(debriefs, [page], lambda: debriefs.announce(None))
        return page

    assert asyncio.run(play()).looks == [False, False]


@pytest.mark.slow
def test_a_bug_closes_one_socket_and_the_other_page_stays(
    debrief: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = debrief.page(COACH), debrief.page(TEACHER)
    looked = Conversation.look

    async def look(conversation: Conversation, **given: Any) -> None:
        if conversation.card.viewer.person.id == COACH:
            raise ZeroDivisionError("a bug")
        await looked(conversation, **given)

    monkeypatch.setattr(Conversation, "look", look)
    code, sentence = broken.closed()
    assert code == NOT_NOW
    assert sentence.endswith("it connects again by itself.")
    other.send("ping", number=1)
    assert other.hear("pong")["number"] == 1
    assert debrief.server.app.state.debriefs.faults == 1


@pytest.mark.slow
def test_a_bug_while_a_page_is_heard_ends_its_socket(
    debrief: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, other = debrief.page(COACH), debrief.page(TEACHER)
    heard = Room.heard

    def hear(room: Room, member: Member, message: Message, heard_ns: int) -> None:
        if member.person == COACH:
            raise ZeroDivisionError("a bug")
        heard(room, member, message, heard_ns)

    monkeypatch.setattr(Room, "heard", hear)
    broken.send("lead")
    with pytest.raises(ConnectionClosed):
        broken.hear("never")
    while len(other.hear("people")["people"]) != 1:
        pass
