"""What observers of the school's lessons show, in the words of the page of trust and of the card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contract.language import N_, _, ngettext
from dashboard_api.language.dates import number_text
from dashboard_api.views.text import joined_text
from models.evaluation.agreement import Interval
from models.school_model.observed import (
    MIN_LESSONS,
    MIN_LOOKS,
    RANK_SHARES,
    Agreement,
    Comparison,
    ObservedCheck,
)

__all__ = ["CheckView", "check_view"]

_OBSERVERS: Final = (
    N_("no observers"), N_("one observer"), N_("two observers"), N_("three observers"),
    N_("four observers"), N_("five observers"), N_("six observers"),
)  # fmt: skip
_LESSONS: Final = (
    N_("no lessons"), N_("one lesson"), N_("two lessons"), N_("three lessons"), N_("four lessons"),
    N_("five lessons"), N_("six lessons"),
)  # fmt: skip
_MORE_LESSONS: Final = (
    N_("no more lessons"), N_("one more lesson"), N_("two more lessons"), N_("three more lessons"),
    N_("four more lessons"), N_("five more lessons"), N_("six more lessons"),
)  # fmt: skip
_SEEN: Final = (
    N_("Where observers saw nobody off task, the model said {low} to {high} % (four of five of {looks})."),
    N_("Where observers saw a few off task, the model said {low} to {high} % (four of five of {looks})."),
    N_("Where observers saw about half off task, the model said {low} to {high} % (four of five of {looks})."),
    N_("Where observers saw most off task, the model said {low} to {high} % (four of five of {looks})."),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    """`headline` is empty until there is enough to compare the model with."""

    headline: str
    """It completes the sentence "Its estimates were …", once the model has a figure too."""
    agreement: tuple[str, ...]
    model: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        return (*self.agreement, *self.model)


def check_view(check: ObservedCheck) -> CheckView:
    """The sentences about a school's observers; what is missing stands in place of a figure."""
    return CheckView(
        headline=_headline(check),
        agreement=tuple(_agreement_lines(check)),
        model=tuple(_model_lines(check)),
    )


def _headline(check: ObservedCheck) -> str:
    found = check.agreement
    is_compared = check.comparison.difference is not None
    if found.weighted is None or found.weighted_ends is None or not is_compared:
        return ""
    return _(
        "checked in this school against {looks} of {observers}, who agree with each other at kappa "
        "{figure}",
        looks=_looks(check.comparison.looks),
        observers=_observers(check.observers),
        figure=_figure(found.weighted, found.weighted_ends),
    )


def _agreement_lines(check: ObservedCheck) -> list[str]:
    found = check.agreement
    if not found.looks:
        return [_("No two observers have coded the same look yet.")]
    observers, looks = _capital(_observers(check.observers)), _looks(found.looks)
    if found.missing:
        return [
            ngettext(
                "{observers} have coded {looks} together. One more is needed to say how far they "
                "agree ({needed}).",
                "{observers} have coded {looks} together. {n} more are needed to say how far they "
                "agree ({needed}).",
                found.missing, observers=observers, looks=looks, needed=_looks(MIN_LOOKS),
            )
        ]  # fmt: skip
    if found.weighted is None or found.weighted_ends is None:
        return [
            _(
                "In {looks} that two coded they gave one answer throughout, which shows no agreement "
                "beyond chance.",
                looks=looks,
            )
        ]
    lines = [
        _(
            "{observers} coded {looks} together, in {lessons}. Their agreement beyond chance is "
            "{figure}; 0 is chance, 1 is perfect (Cohen’s kappa with linear weights).",
            observers=observers,
            looks=looks,
            lessons=_lessons(found.lessons),
            figure=_figure(found.weighted, found.weighted_ends),
        )
    ]
    if found.half is not None and found.half_ends is not None:
        lines.append(
            _(
                "On whether at least about half of a zone was off task it is {figure} (kappa without "
                "weights).",
                figure=_figure(found.half, found.half_ends),
            )
        )
    if found.units == "lessons":
        lines.append(_("In brackets: 95 % intervals over resampled lessons."))
    else:
        lines.append(
            _(
                "In brackets: 95 % intervals over resampled blocks of ten looks, because there are "
                "fewer than {lessons}.",
                lessons=_lessons(MIN_LESSONS),
            )
        )
    if len(check.pairs) > 1:
        pairs = "; ".join(_pair(pair) for pair in check.pairs)
        lines.append(_("Pair by pair: {pairs}.", pairs=pairs))
    return lines


def _model_lines(check: ObservedCheck) -> list[str]:
    found = check.comparison
    if found.missing_looks or found.missing_lessons:
        return [_missing_line(found)]
    lines = [
        _(
            "The model’s estimate of the share off task, in that zone and those 20 s, was compared "
            "with {looks} of two observers or more, in {lessons}.",
            looks=_looks(found.looks),
            lessons=_lessons(found.lessons),
        )
    ]
    lines.extend(
        _(
            _SEEN[one.rank],
            low=number_text(one.low * 100),
            high=number_text(one.high * 100),
            looks=_looks(one.looks),
        )
        for one in found.ranges
    )
    if 0 < len(found.ranges) < len(RANK_SHARES):
        lines.append(_("For other answers there are fewer than ten looks that all coded alike."))
    lines.append(_side_line(found))
    if found.difference is not None and found.difference_ends is not None:
        lines.append(_difference_line(found.difference, found.difference_ends))
    if found.order is not None and found.order_ends is not None:
        lines.append(
            _(
                "Order: rank correlation {figure}; 0 is chance, 1 the same order.",
                figure=_figure(found.order, found.order_ends),
            )
        )
    return lines


def _missing_line(found: Comparison) -> str:
    missing = []
    if found.missing_looks:
        missing.append(ngettext("{n} more look", "{n} more looks", found.missing_looks))
    if found.missing_lessons:
        missing.append(_counted(found.missing_lessons, _MORE_LESSONS, N_("{n} more lessons")))
    return ngettext(
        "The model can be compared with {looks} of two observers, in {lessons}. For a figure "
        "{missing} is missing ({needed} in {needed_lessons}).",
        "The model can be compared with {looks} of two observers, in {lessons}. For a figure "
        "{missing} are missing ({needed} in {needed_lessons}).",
        found.missing_looks + found.missing_lessons,
        looks=_looks(found.looks),
        lessons=_lessons(found.lessons),
        missing=joined_text(missing),
        needed=_looks(MIN_LOOKS),
        needed_lessons=_lessons(MIN_LESSONS),
    )


def _side_line(found: Comparison) -> str:
    if found.auc is None or found.auc_ends is None:
        return _(
            "In {looks} all observers agreed whether it was at least about half: in {more} it was, in "
            "{less} it was less. Five of each are needed to say how well the model separates them.",
            looks=_looks(found.sided),
            more=found.halves,
            less=found.sided - found.halves,
        )
    low, high = (round(end * 100) for end in found.auc_ends)
    return _(
        "Given a look with about half or most off task and one with less, the model put the first "
        "above the second {times} times out of 100 ({low} to {high}; chance is 50; {looks}, {halves} "
        "with half or more).",
        times=number_text(found.auc * 100),
        low=low,
        high=high,
        looks=_looks(found.sided),
        halves=found.halves,
    )


def _difference_line(difference: float, ends: Interval) -> str:
    points = round(difference * 100)
    low, high = (_beside(end) for end in ends)
    if not points:
        return _(
            "On average the model’s share was as high as the observers’ ({low} to {high}). An answer "
            "counts as the middle of what it means.",
            low=low,
            high=high,
        )
    if points < 0:
        return ngettext(
            "On average the model’s share was {n} percentage point below the observers’ ({low} to "
            "{high}). An answer counts as the middle of what it means.",
            "On average the model’s share was {n} percentage points below the observers’ ({low} to "
            "{high}). An answer counts as the middle of what it means.",
            -points, low=low, high=high,
        )  # fmt: skip
    return ngettext(
        "On average the model’s share was {n} percentage point above the observers’ ({low} to "
        "{high}). An answer counts as the middle of what it means.",
        "On average the model’s share was {n} percentage points above the observers’ ({low} to "
        "{high}). An answer counts as the middle of what it means.",
        points, low=low, high=high,
    )  # fmt: skip


def _pair(pair: Agreement) -> str:
    who = joined_text(pair.who)
    if pair.weighted is None or pair.weighted_ends is None:
        return _(
            "{who} {looks}, too few or too even for a figure", who=who, looks=_looks(pair.looks)
        )
    figure = _figure(pair.weighted, pair.weighted_ends)
    return _("{who} {figure} on {looks}", who=who, figure=figure, looks=_looks(pair.looks))


def _figure(value: float, ends: Interval) -> str:
    low, high = (number_text(end, 2) for end in ends)
    return _("{value} ({low} to {high})", value=number_text(value, 2), low=low, high=high)


def _beside(share: float) -> str:
    points = round(share * 100)
    if not points:
        return "0"
    return _("{n} below", n=-points) if points < 0 else _("{n} above", n=points)


def _observers(count: int) -> str:
    return _counted(count, _OBSERVERS, N_("{n} observers"))


def _looks(count: int) -> str:
    return ngettext("{n} look", "{n} looks", count)


def _lessons(count: int) -> str:
    return _counted(count, _LESSONS, N_("{n} lessons"))


def _counted(count: int, words: Sequence[str], beyond: str) -> str:
    """Small numbers in words."""
    return _(words[count]) if count < len(words) else _(beyond, n=count)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
