"""Replies below notes: as the pages show them, and what people do with them."""

from __future__ import annotations

import secrets
from datetime import tzinfo
from typing import Annotated

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict, Field

from contract.language import _
from dashboard_api.moments.authors import Authors, authors_of
from dashboard_api.moments.note_changes import DELETED, NoteId, find_note
from dashboard_api.views.schemas import ReplyJson
from dashboard_api.views.text import iso_text
from dashboard_api.web.lookup import NotFoundError, speaker_of
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.moments.records import Reply

__all__ = ["NewReply", "add_reply", "remove_reply", "reply_json"]


class NewReply(BaseModel):
    """What somebody says below a note."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    id: NoteId | None = None
    """16 to 32 hexadecimal digits. What is sent twice with the same id is kept once."""
    text: Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"\S")]


def add_reply(
    stores: Stores, viewer: Viewer, lesson_id: str, moment_id: str, new: NewReply, now_utc_ns: int
) -> ReplyJson:
    """Say something below a note; what was sent before is there already."""
    moment, seen = find_note(stores, viewer, lesson_id, moment_id)
    reply = Reply(
        id=new.id or secrets.token_hex(8),
        lesson=seen.lesson.id,
        moment=moment.id,
        author=viewer.person.id,
        role=speaker_of(seen.reach),
        text=new.text.strip(),
        written_utc_ns=now_utc_ns,
    )
    if not stores.lessons.add_reply(reply):
        raise HTTPException(410, _(DELETED))
    for kept in seen.replies(stores)[moment.id]:
        if kept.id == reply.id and kept.author == reply.author:
            return reply_json(kept, authors_of(stores, seen.viewer, [kept.author]), stores.zone)
    raise HTTPException(409, _("There is another reply with this id. Choose another id"))


def remove_reply(
    stores: Stores, viewer: Viewer, lesson_id: str, moment_id: str, reply_id: str
) -> None:
    """One's own; the lesson's teacher may delete any."""
    moment, seen = find_note(stores, viewer, lesson_id, moment_id)
    for reply in seen.replies(stores)[moment.id]:
        if reply.id == reply_id:
            if seen.reach != "own" and reply.author != viewer.person.id:
                raise HTTPException(403, _("Only who wrote a reply, or the teacher, can delete it"))
            stores.lessons.remove_reply(reply_id)
            return
    raise NotFoundError(_("There is no such reply; someone may have deleted it."))


def reply_json(reply: Reply, authors: Authors, zone: tzinfo | None) -> ReplyJson:
    return ReplyJson(
        id=reply.id,
        author=authors.name(reply.author, reply.role),
        author_role=reply.role,
        is_yours=authors.is_reader(reply.author),
        text=reply.text,
        written_at=iso_text(reply.written_utc_ns, zone),
    )
