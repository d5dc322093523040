"""What observers of the school's lessons show, in the words of the page of trust and of the card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

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

_NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six")
_SEEN: Final = ("nobody", "a few", "about half", "most")


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
    return (
        f"checked in this school against {_looks(check.comparison.looks)} of "
        f"{_observers(check.observers)}, who agree with each other at kappa "
        f"{_figure(found.weighted, found.weighted_ends)}"
    )


def _agreement_lines(check: ObservedCheck) -> list[str]:
    found = check.agreement
    if not found.looks:
        return ["No two observers have coded the same look yet."]
    if found.missing:
        more = "One more is" if found.missing == 1 else f"{found.missing} more are"
        return [
            (
                f"{_observers(check.observers).capitalize()} have coded {_looks(found.looks)} together. {more} needed to say how "
                f"far they agree ({MIN_LOOKS} looks)."
            )
        ]
    if found.weighted is None or found.weighted_ends is None:
        return [
            (
                f"In {_looks(found.looks)} that two coded they gave one answer throughout, which shows "
                "no agreement beyond chance."
            )
        ]
    lines = [
        (
            f"{_observers(check.observers).capitalize()} coded {_looks(found.looks)} together, in "
            f"{_lessons(found.lessons)}. Their agreement beyond chance is "
            f"{_figure(found.weighted, found.weighted_ends)}; 0 is chance, 1 is perfect (Cohen’s kappa "
            "with linear weights)."
        )
    ]
    if found.half is not None and found.half_ends is not None:
        lines.append(
            "On whether at least about half of a zone was off task it is "
            f"{_figure(found.half, found.half_ends)} (kappa without weights)."
        )
    over = (
        "lessons"
        if found.units == "lessons"
        else f"blocks of ten looks, because there are fewer than {_NUMBERS[MIN_LESSONS]} lessons"
    )
    lines.append(f"In brackets: 95 % intervals over resampled {over}.")
    if len(check.pairs) > 1:
        lines.append(f"Pair by pair: {'; '.join(_pair(pair) for pair in check.pairs)}.")
    return lines


def _model_lines(check: ObservedCheck) -> list[str]:
    found = check.comparison
    if found.missing_looks or found.missing_lessons:
        missing = []
        if found.missing_looks:
            missing.append(_looks(found.missing_looks, more=True))
        if found.missing_lessons:
            missing.append(_lessons(found.missing_lessons, more=True))
        is_one = found.missing_looks + found.missing_lessons == 1
        return [
            (
                f"The model can be compared with {_looks(found.looks)} of two observers, in "
                f"{_lessons(found.lessons)}. For a figure {' and '.join(missing)} "
                f"{'is' if is_one else 'are'} missing ({MIN_LOOKS} looks in "
                f"{_NUMBERS[MIN_LESSONS]} lessons)."
            )
        ]
    lines = [
        (
            "The model’s estimate of the share off task, in that zone and those 20 s, was compared "
            f"with {_looks(found.looks)} of two observers or more, in {_lessons(found.lessons)}."
        )
    ]
    lines.extend(
        f"Where observers saw {_SEEN[one.rank]} off task, the model said {one.low * 100:.0f} to "
        f"{one.high * 100:.0f} % (four of five of {_looks(one.looks)})."
        for one in found.ranges
    )
    if 0 < len(found.ranges) < len(RANK_SHARES):
        lines.append("For other answers there are fewer than ten looks that all coded alike.")
    lines.append(_side_line(found))
    if found.difference is not None and found.difference_ends is not None:
        lines.append(_difference_line(found.difference, found.difference_ends))
    if found.order is not None and found.order_ends is not None:
        lines.append(
            f"Order: rank correlation {_figure(found.order, found.order_ends)}; 0 is chance, 1 the "
            "same order."
        )
    return lines


def _side_line(found: Comparison) -> str:
    if found.auc is None or found.auc_ends is None:
        return (
            f"In {_looks(found.sided)} all observers agreed whether it was at least about half: in "
            f"{found.halves} it was, in {found.sided - found.halves} it was less. Five of each are "
            "needed to say how well the model separates them."
        )
    low, high = (round(end * 100) for end in found.auc_ends)
    return (
        f"Given a look with about half or most off task and one with less, the model put the first "
        f"above the second {found.auc * 100:.0f} times out of 100 ({low} to {high}; chance is 50; "
        f"{_looks(found.sided)}, {found.halves} with half or more)."
    )


def _difference_line(difference: float, ends: Interval) -> str:
    points = round(difference * 100)
    unit = "percentage point" if abs(points) == 1 else "percentage points"
    is_off = (
        f"{abs(points)} {unit} {'below' if points < 0 else 'above'}" if points else "as high as"
    )
    low, high = (_beside(end) for end in ends)
    return (
        f"On average the model’s share was {is_off} the observers’ ({low} to {high}). An answer "
        "counts as the middle of what it means."
    )


def _pair(pair: Agreement) -> str:
    who = " and ".join(pair.who)
    if pair.weighted is None or pair.weighted_ends is None:
        return f"{who} {_looks(pair.looks)}, too few or too even for a figure"
    return f"{who} {_figure(pair.weighted, pair.weighted_ends)} on {_looks(pair.looks)}"


def _figure(value: float, ends: Interval) -> str:
    return f"{value:.2f} ({ends[0]:.2f} to {ends[1]:.2f})"


def _beside(share: float) -> str:
    points = round(share * 100)
    return f"{abs(points)} {'below' if points < 0 else 'above'}" if points else "0"


def _observers(count: int) -> str:
    return f"{_number(count, _NUMBERS)} observers"


def _looks(count: int, *, more: bool = False) -> str:
    again = " more" if more else ""
    return f"{count}{again} look{'' if count == 1 else 's'}"


def _lessons(count: int, *, more: bool = False) -> str:
    again = " more" if more else ""
    return f"{_number(count, _NUMBERS)}{again} lesson{'' if count == 1 else 's'}"


def _number(count: int, words: Sequence[str]) -> str:
    return words[count] if count < len(words) else str(count)
