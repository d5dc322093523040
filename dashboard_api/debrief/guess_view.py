"""A teacher's guess of a lesson beside what was measured, for who may see it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from dashboard_api.debrief.difference import (
    BEGINS_S,
    Within,
    compare,
    difference_sentences,
    settling_in,
)
from dashboard_api.moments.judged_moments import moments_of
from dashboard_api.views.text import position_text
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores
from school.debrief.guess_store import Guess
from school.lessons.records import Lesson
from school.sharing.cut import Cut

__all__ = ["GuessResult", "awaits_guess", "guess_result", "lessons_to_guess", "seen_guess"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessResult:
    """What the page shows of a guess."""

    sentences: Sequence[str]
    spans: Sequence[tuple[int, int]]
    is_own: bool
    is_shown: bool
    settling_s: int | None

    @property
    def spans_json(self) -> str:
        """For the script that draws them over the lanes."""
        return json.dumps(list(self.spans))

    @property
    def places(self) -> list[str]:
        """The stretches in words."""
        return [f"{position_text(start)}–{position_text(end)}" for start, end in self.spans]


def seen_guess(stores: Stores, seen: SeenLesson) -> Guess | None:
    """The guess, if the reader may see it: others once its teacher shows it."""
    found = stores.sharing.guesses.of_lesson(seen.lesson.id)
    if found is None or not (found.person == seen.viewer or found.is_shown):
        return None
    return found


def awaits_guess(stores: Stores, seen: SeenLesson, now_utc_ns: int) -> bool:
    """Whether the page of this lesson begins with a guess."""
    return seen.reach == "own" and bool(
        lessons_to_guess(stores, seen.viewer, [seen.lesson], now_utc_ns)
    )


def lessons_to_guess(
    stores: Stores, teacher: str, own: Sequence[Lesson], now_utc_ns: int
) -> frozenset[str]:
    """Those of a teacher's own lessons, once they are over, whose pages begin with a guess."""
    over = [each.id for each in own if now_utc_ns >= each.over_utc_ns(stores.longest_ns)]
    return stores.sharing.guesses.awaited(teacher, over)


def guess_result(stores: Stores, seen: SeenLesson) -> GuessResult | None:
    """Of what the reader sees of the lesson: a stretch that reaches outside is not there."""
    guess = seen_guess(stores, seen)
    if guess is None:
        return None
    is_own = guess.person == seen.viewer
    spans = [span for span in guess.spans if seen.cut.holds(*span)]
    moments = moments_of(stores, seen)
    suggested = [
        (one.start_s, one.end_s)
        for one in moments
        if one.kind == "suggested" and not one.is_strength
    ]
    sees_start = seen.cut.holds(0, max(guess.settling_s or 0, BEGINS_S))
    return GuessResult(
        sentences=difference_sentences(
            compare(spans, suggested),
            guess.settling_s,
            settling_in(moments) if sees_start else None,
            is_own=is_own,
            within=_within(seen.cut),
        ),
        spans=spans,
        is_own=is_own,
        is_shown=guess.is_shown,
        settling_s=guess.settling_s,
    )


def _within(cut: Cut) -> Within:
    if cut.shared is not None:
        return "shared"
    return "kept" if cut.excluded else ""
