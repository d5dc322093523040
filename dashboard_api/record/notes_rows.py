"""A lesson's moments as rows: what people wrote, their replies and answers, and what was suggested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dashboard_api.moments.judged_moments import JudgedMoment
from dashboard_api.views.text import position_text, zone_text

__all__ = ["COLUMNS", "notes_rows"]

COLUMNS = ("from", "to", "from, s", "to, s", "what", "kind", "zone", "words", "tags", "by", "as",
           "written at", "because", "how often such suggestions are right", "id")  # fmt: skip
Row = tuple[str | float | None, ...]


def notes_rows(moments: Sequence[JudgedMoment]) -> Iterator[Row]:
    """In order of time; what was said below a moment follows it, with the moment's place and id."""
    yield COLUMNS
    for one in moments:
        yield _row(
            one,
            what="note" if one.kind == "own" else one.kind,
            kind=one.note_kind or "",
            zone=zone_text(one.zone),
            words=one.note if one.kind == "own" else one.title,
            tags="; ".join(tag.label for tag in one.tags),
            by=one.author,
            role=one.author_role or "",
            at=one.began_at or "",
            because="; ".join(one.because),
            claim=one.claim,
        )
        for reply in one.replies:
            yield _row(one, what="reply", words=reply.text, by=reply.author,
                       role=reply.author_role, at=reply.written_at)  # fmt: skip
        for answer in one.answers:
            is_yes = answer.says == "confirmed"
            yield _row(one, what="answer", kind="yes" if is_yes else "not really",
                       words=answer.reason_words, by=answer.name, role=answer.role)  # fmt: skip


def _row(
    moment: JudgedMoment,
    *,
    what: str,
    kind: str = "",
    zone: str = "",
    words: str = "",
    tags: str = "",
    by: str = "",
    role: str = "",
    at: str = "",
    because: str = "",
    claim: str = "",
) -> Row:
    start, end = moment.start_s, moment.end_s
    return (position_text(start), position_text(end), start, end, what, kind, zone, words, tags, by,
            role, at, because, claim, moment.id)  # fmt: skip
