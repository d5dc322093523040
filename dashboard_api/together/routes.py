"""The socket of a debrief: open to who may see the lesson, and for as long as they may."""

from __future__ import annotations

from fastapi import APIRouter, WebSocket
from starlette.datastructures import Headers

from contract.language import _
from dashboard_api.together.conversation import Conversation
from dashboard_api.together.debriefs import Debriefs
from dashboard_api.together.rights import Pass
from dashboard_api.web.access import ReadsLesson, secret_of
from dashboard_api.web.limits.stream_places import RETRY_S
from dashboard_api.web.lookup import see_lesson
from dashboard_api.web.refusals import error_response
from dashboard_api.web.store_thread import StoreDep, Stores
from school.sharing.policy import Reach

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.websocket("/lessons/{lesson_id}/together")
async def together(socket: WebSocket, viewer: ReadsLesson, lesson_id: str, store: StoreDep) -> None:
    """Messages are JSON; `messages.py` has those of a page, and `room.py` the answers."""
    state = socket.app.state

    def look(stores: Stores) -> Reach:
        seen = see_lesson(stores, viewer, lesson_id)
        stores.audit.record_look(viewer.actor, "lesson", lesson_id, lesson=lesson_id)
        return seen.reach

    reach = await store.run(look)
    full = state.stream_places.full(viewer.person.id)
    if full:
        state.refusal_counts.add("streams")
        why = _("Too many live pages are open; close some, or try again in {s} s.", s=RETRY_S)
        if full == "key":
            why = _(
                "Too many live pages of yours are open; close some, or try again in {s} s.",
                s=RETRY_S,
            )
        refusal = error_response(
            Headers(scope=socket.scope), 429, _("Too many live pages"), why,
            more_headers={"Retry-After": str(RETRY_S)},
        )  # fmt: skip
        await refusal(socket.scope, socket.receive, socket.send)
        return
    debriefs: Debriefs = state.debriefs
    card = Pass(store, secret_of(socket), viewer, lesson_id)
    with state.stream_places.held(viewer.person.id):
        await socket.accept()
        conversation = Conversation(socket, debriefs.rooms, card, reach, state.refusal_counts)
        with debriefs.watched(conversation):
            await conversation.run()
