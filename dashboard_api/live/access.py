"""Whose live page it is: a teacher watches a room while their own lesson is on there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from contract.clock import SECOND_NS
from contract.language import N_, _
from dashboard_api.reading.protocol import NotHereError
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.secret import Secret
from dashboard_api.web.store_thread import Stores, StoreThread
from dashboard_api.web.viewer import Viewer
from school.sharing.policy import may

__all__ = ["check_room", "while_allowed"]

_OWN_ROOM_NS: Final = 14 * 86_400 * SECOND_NS
"""A room is a teacher's own if they have a lesson there within this time, before or after."""
_NO_ROOM: Final = N_(
    "There is no such room, or another teacher's lesson is on there. You can watch a room live "
    "while your own lesson is on in it, and between lessons if you teach there."
)


def check_room(stores: Stores, viewer: Viewer, room: str) -> None:
    """Raise NotFoundError unless the viewer may watch the room now, and it is sensed here."""
    now, person = viewer.utc_ns, viewer.person
    own = stores.sharing.owned_in(
        person.id, room, from_utc_ns=now - _OWN_ROOM_NS, to_utc_ns=now + _OWN_ROOM_NS
    )
    on_now = [
        lesson.id
        for lesson in stores.room_lessons(room, now, now + 1)
        if lesson.is_on(now, stores.longest_ns)
    ]
    is_scoped = viewer.token is not None and viewer.token.lesson is not None
    if is_scoped and not (on_now and all(map(viewer.may_open, on_now))):
        raise NotFoundError(_(_NO_ROOM))
    if not own or not own.issuperset(on_now) or not may(person.roles, "watch live", "own"):
        raise NotFoundError(_(_NO_ROOM))
    if stores.elsewhere is not None:
        raise NotHereError
    for lesson_id in on_now:
        stores.audit.record_look(viewer.actor, "live_page", room, lesson=lesson_id)


async def while_allowed(
    events: AsyncIterator[bytes], store: StoreThread, viewer: Viewer, secret: Secret, room: str
) -> AsyncIterator[bytes]:
    """The events, until the session or token ends, a role goes, or someone else's lesson starts."""

    def check(stores: Stores) -> bool:
        found = secret.holder(stores, store.people_clock.utc_ns())
        if found is None:
            return False
        try:
            check_room(
                stores, replace(viewer, person=found.person, utc_ns=store.clock.utc_ns()), room
            )
        except NotFoundError:
            return False
        return True

    async for event in events:
        if not await store.run(check):
            return
        yield event
