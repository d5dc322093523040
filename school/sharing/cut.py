"""What of a lesson somebody sees: the parts that are shared with them, without what is left out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

from contract.errors import UsageError
from contract.language import _
from school.audit.words import REASON_WORDS

__all__ = [
    "EXCLUSION_REASONS",
    "LONGEST_NOTE",
    "LONGEST_S",
    "WHOLE",
    "Cut",
    "Exclusion",
    "ExclusionReason",
    "Span",
    "check_spans",
]

ExclusionReason = Literal["fire_drill", "interruption", "break", "technical", "private", "other"]

EXCLUSION_REASONS: Final[Mapping[ExclusionReason, str]] = MappingProxyType(
    {reason: REASON_WORDS[reason] for reason in get_args(ExclusionReason)}
)
"""Why a teacher leaves a span out, shown with `_`. Each is a word of the audit log."""

LONGEST_NOTE: Final = 100
MAX_SPANS: Final = 20
LONGEST_S: Final = 86_400


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Seconds of a lesson, from its start: [start_s, end_s)."""

    start_s: float
    end_s: float


WHOLE: Final = Span(0.0, math.inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A span that its teacher leaves out."""

    id: str
    start_s: int
    end_s: int
    reason: ExclusionReason
    note: str

    @property
    def words(self) -> str:
        """The reason for its teacher."""
        text = _(EXCLUSION_REASONS.get(self.reason, EXCLUSION_REASONS["other"]))
        return f"{text}: {self.note}" if self.note else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What of one lesson one person sees."""

    shared: tuple[Span, ...] | None = None
    """The parts that are shared with them, in order and apart; None for the whole lesson."""
    excluded: tuple[Exclusion, ...] = ()
    is_own: bool = False

    @property
    def visible(self) -> tuple[Span, ...]:
        """The spans that they see, in order and apart."""
        spans = list(self.shared if self.shared is not None else (WHOLE,))
        for one in self.excluded:
            spans = [
                part
                for span in spans
                for part in (
                    Span(span.start_s, min(span.end_s, one.start_s)),
                    Span(max(span.start_s, one.end_s), span.end_s),
                )
                if part.start_s < part.end_s
            ]
        return tuple(spans)

    @property
    def bounds(self) -> Span:
        """From the first to the last second that is shared."""
        if self.shared is None:
            return WHOLE
        return Span(self.shared[0].start_s, self.shared[-1].end_s)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is kept from them, so that a file may be served as it is."""
        return self.is_own or (self.shared is None and not self.excluded)

    def holds(self, start_s: float, end_s: float) -> bool:
        """Whether [start_s, end_s) lies in one of the visible spans."""
        return any(span.start_s <= start_s and end_s <= span.end_s for span in self.visible)

    def seconds_hidden(self, length_s: int) -> list[tuple[Span, Exclusion | None]]:
        """What is kept from them up to the end of what is shared, and the exclusion if it is one."""
        end = min(float(length_s), self.bounds.end_s)
        hidden: list[tuple[Span, Exclusion | None]] = []
        at = 0.0
        for span in (*(self.shared or (WHOLE,)), Span(math.inf, math.inf)):
            if at < min(span.start_s, end):
                hidden.append((Span(at, min(span.start_s, end)), None))
            at = span.end_s
        for one in self.excluded:
            for span in self.shared or (WHOLE,):
                part = Span(max(one.start_s, span.start_s), min(one.end_s, span.end_s, end))
                if part.start_s < part.end_s:
                    hidden.append((part, one))
        return sorted(hidden, key=lambda each: each[0])


def check_spans(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spans in order, those that touch as one; raises UsageError."""
    if len(spans) > MAX_SPANS:
        raise UsageError(_("Name at most {n} parts.", n=MAX_SPANS))
    merged: list[Span] = []
    for span in sorted(spans):
        if not 0 <= span.start_s < span.end_s <= LONGEST_S:
            raise UsageError(
                _("A part must end after it begins, within a day of the lesson's start.")
            )
        if merged and span.start_s <= merged[-1].end_s:
            merged[-1] = Span(merged[-1].start_s, max(merged[-1].end_s, span.end_s))
        else:
            merged.append(span)
    return tuple(merged)
