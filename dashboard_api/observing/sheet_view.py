"""What the sheet of a lesson shows to one of its observers at a moment."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from contract.clock import SECOND_NS
from contract.language import N_, _
from dashboard_api.language.dates import local_time_text
from dashboard_api.observing.zones import layout_zones
from dashboard_api.views.text import title_text
from dashboard_api.web.lookup import find_asked
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.lessons.records import Lesson
from school.observing.records import ANSWER_WORDS, Answer, CodedLook
from school.observing.rota import EVERY_S, LOOK_S, Turn, turn_at

__all__ = ["AnswerButton", "Sheet", "length_s", "read_sheet", "second_of"]

_MEANING: Final[Mapping[Answer, str]] = {
    "few": N_("up to a third"),
    "half": N_("a third to two thirds"),
    "most": N_("more than two thirds"),
}
EARLY_S: Final = 900
"""From so long before the lesson on, its zones are settled: seats may opt out until then."""
_SAID: Final = 3
"""The last looks that the page knows of, for a phone that opens it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerButton:
    """One answer to choose."""

    value: Answer
    words: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All of the page; times of the turn are clock times at the school."""

    lesson: str
    title: str
    at: str
    teacher: str
    room: str
    zones: tuple[str, ...]
    lesson_ms: int
    """Milliseconds since the lesson's start, as the page was made."""
    length_s: int
    turn: Turn | None
    turn_from: str
    turn_to: str
    is_answered: bool
    last: CodedLook | None
    last_words: str
    coded: int
    plan: str
    """For the script: JSON."""
    answers: tuple[AnswerButton, ...]

    @property
    def is_early(self) -> bool:
        """Whether its zones are not settled yet."""
        return self.lesson_ms < -EARLY_S * 1_000

    @property
    def is_over(self) -> bool:
        return self.lesson_ms >= self.length_s * 1_000


def second_of(lesson: Lesson, utc_ns: int) -> float:
    """The lesson's second at a time."""
    return (utc_ns - lesson.starts_utc_ns) / SECOND_NS


def length_s(lesson: Lesson, longest_ns: int) -> int:
    """How long the lesson is; the longest there may be while nobody has ended it."""
    return (lesson.over_utc_ns(longest_ns) - lesson.starts_utc_ns) // SECOND_NS


def read_sheet(
    stores: Stores, viewer: Viewer, lesson_id: str, now_utc_ns: int, zone: tzinfo | None
) -> Sheet:
    """The sheet for an observer of the lesson; raises NotFoundError for others."""
    lesson = find_asked(stores, viewer, lesson_id)
    observers = stores.sharing.observers
    second, length = second_of(lesson, now_utc_ns), length_s(lesson, stores.longest_ns)
    zones = observers.plan(lesson_id)
    if not zones and second >= -EARLY_S:
        zones = observers.settle_plan(lesson_id, layout_zones(stores, lesson))
    turn = turn_at(zones, second, length)
    looks = observers.looks_of(viewer.person.id, lesson_id)
    last = looks[-1] if looks else None
    return Sheet(
        lesson=lesson_id,
        title=title_text(lesson.title, lesson.room),
        at=local_time_text(lesson.starts_utc_ns, zone),
        teacher=lesson.teacher,
        room=lesson.room,
        zones=zones,
        lesson_ms=int(second * 1_000),
        length_s=length,
        turn=turn,
        turn_from="" if turn is None else _clock_text(lesson, turn.start_s, zone),
        turn_to="" if turn is None else _clock_text(lesson, turn.end_s, zone),
        is_answered=any(turn is not None and look.start_s == turn.start_s for look in looks),
        last=last,
        last_words="" if last is None else _(ANSWER_WORDS[last.answer]).lower(),
        coded=len(looks),
        plan=_plan(viewer, zones, looks),
        answers=tuple(
            AnswerButton(value=value, words=_(words), meaning=_(_MEANING.get(value, "")))
            for value, words in ANSWER_WORDS.items()
        ),
    )


def _plan(viewer: Viewer, zones: Sequence[str], looks: Sequence[CodedLook]) -> str:
    return json.dumps(
        {
            "zones": list(zones),
            "look_s": LOOK_S,
            "every_s": EVERY_S,
            "observer": viewer.person.id,
            "said": [[look.start_s, look.answer] for look in looks[-_SAID:]],
            "coded": len(looks),
        }
    )


def _clock_text(lesson: Lesson, second: int, zone: tzinfo | None) -> str:
    at = datetime.fromtimestamp(lesson.starts_utc_ns // SECOND_NS + second, tz=UTC)
    return f"{at.astimezone(zone):%H:%M:%S}"
