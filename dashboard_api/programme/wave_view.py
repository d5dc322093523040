"""Waves of a roll-out as a page shows them: what is met, and one wave beside another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from contract.language import N_, _
from dashboard_api.language.dates import date_text, number_text
from dashboard_api.programme.coverage_files import row_cells
from dashboard_api.programme.coverage_view import CoverageLine, coverage_line, month_text
from dashboard_api.programme.entered import entered
from models.school_model.labels import wilson
from school.programme.coverage import CoverageRow
from school.programme.coverage_store import CoverageMonth
from school.programme.waves import (
    MAX_OWN,
    Criterion,
    Figure,
    Judgement,
    State,
    Wave,
    judge,
    month_of_wave,
    own_rows,
)

__all__ = [
    "CompareLine",
    "CriterionLine",
    "WaveCard",
    "WaveFields",
    "compared",
    "criterion_csv",
    "wave_cards",
    "wave_csv",
    "wave_fields",
]

_STATES: Final[dict[State, str]] = {
    "met": N_("met"),
    "not_met": N_("not met"),
    "not_known": N_("not known"),
}
_WORDS: Final[dict[Figure, str]] = {
    "with_cycle": N_("Teachers with a running cycle: {least} % at least"),
    "running": N_("Rooms with a kit that ran: {least} % at least"),
    "own": N_("{words}: {least} at least"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionLine:
    """A criterion, whether it is met, and what that is of."""

    words: str
    state: State
    state_words: str
    figure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveFields:
    """What a wave's form has in its fields: what is kept, or what somebody typed that was refused."""

    title: str = ""
    starts_on: str = ""
    sites: Collection[str] = ()
    share_of: Mapping[str, str] = field(default_factory=dict)
    """Of a share: figure → at least, empty for none."""
    own: Sequence[tuple[str, str, str]] = (("", "", ""),) * MAX_OWN
    """Words, at least and value of each criterion of the district's own; the rest is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveCard:
    """A wave as its page shows it."""

    wave: Wave
    begins: str
    schools: str
    lines: Sequence[CriterionLine]
    judged: str
    """Of which month the shares are; empty while none is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareLine:
    """A wave in one month of its own."""

    month: str
    line: CoverageLine


def wave_cards(
    waves: Sequence[Wave], months: Sequence[CoverageMonth], titles: Mapping[str, str], today: date
) -> list[WaveCard]:
    """Each wave, judged by the latest month that is counted and has a row of it."""
    return [_card(wave, months, titles, today) for wave in waves]


def wave_fields(wave: Wave) -> WaveFields:
    """What is kept."""
    own = [
        (each.words, entered(each.at_least), entered(each.value))
        for each in wave.criteria
        if each.figure == "own"
    ]
    return WaveFields(
        title=wave.title, starts_on=wave.starts_on.isoformat(), sites=wave.sites,
        share_of={each.figure: entered(each.at_least) for each in wave.criteria},
        own=[*own, *[("", "", "")] * (MAX_OWN - len(own))],
    )  # fmt: skip


def compared(
    waves: Sequence[Wave], months: Sequence[CoverageMonth]
) -> list[tuple[int, list[CompareLine]]]:
    """By month of the wave, those that two waves or more have; a wave's first month is 1."""
    found: dict[int, list[CompareLine]] = {}
    for wave in waves:
        for number, month, row in _months_of(wave, months):
            if number >= 1:
                line = CompareLine(month=month_text(month), line=coverage_line(row))
                found.setdefault(number, []).append(line)
    return [(number, found[number]) for number in sorted(found) if len(found[number]) > 1]


def wave_csv(
    waves: Sequence[Wave], months: Sequence[CoverageMonth]
) -> Iterator[list[str | int | float | None]]:
    """A row for each wave and counted month; its words are English, as column names are."""
    yield [
        "wave", "title", "starts_on", "month", "month_of_wave", "teachers", "with_cycle", "share",
        "low_95", "high_95", "rooms", "running", "rooms_share", "rooms_low_95", "rooms_high_95",
        "note",
    ]  # fmt: skip
    for wave in waves:
        for number, month, row in _months_of(wave, months):
            yield [
                wave.name, wave.title, wave.starts_on.isoformat(), month, number, *row_cells(row)
            ]  # fmt: skip


def criterion_csv(
    waves: Sequence[Wave], months: Sequence[CoverageMonth]
) -> Iterator[list[str | int | float | None]]:
    """A row for each criterion, judged as on the page; shares are in per cent, as they are entered."""
    yield [
        "wave", "figure", "words", "at_least", "month", "k", "n", "value", "low_95", "high_95", "state",
    ]  # fmt: skip
    for wave in waves:
        month, row = _latest(wave, months)
        for criterion in wave.criteria:
            found = judge(criterion, row)
            is_own = criterion.figure == "own"
            share: list[float | None] = [criterion.value, None, None]
            if found.k is not None and found.n:
                ends = wilson(found.k, found.n)
                share = [round(100 * each, 2) for each in (found.k / found.n, *ends)]
            yield [
                wave.name, criterion.figure, criterion.words, criterion.at_least,
                "" if is_own else month, found.k, found.n, *share, found.state,
            ]  # fmt: skip


def _months_of(
    wave: Wave, months: Sequence[CoverageMonth]
) -> Iterator[tuple[int, str, CoverageRow]]:
    """The wave's month, the calendar's, and the row, of all counted months that have one, in order."""
    for month in reversed(months):
        row = own_rows(month.rows).get(wave.name)
        if row is not None:
            yield month_of_wave(wave.starts_on, month.month), month.month, row


def _latest(wave: Wave, months: Sequence[CoverageMonth]) -> tuple[str, CoverageRow | None]:
    """The latest counted month in which the wave had begun, and its row; "" for none."""
    found = [(month, row) for number, month, row in _months_of(wave, months) if number >= 1]
    return found[-1] if found else ("", None)


def _card(
    wave: Wave, months: Sequence[CoverageMonth], titles: Mapping[str, str], today: date
) -> WaveCard:
    month, row = _latest(wave, months)
    day = date_text(wave.starts_on)
    begins = _("Began on {day}", day=day) if wave.starts_on <= today else _("Begins on {day}", day=day)  # fmt: skip
    return WaveCard(
        wave=wave, begins=begins,
        schools=", ".join(sorted(titles.get(site, site) for site in wave.sites)),
        lines=[_line(judge(each, row)) for each in wave.criteria],
        judged=month_text(month) if month else "",
    )  # fmt: skip


def _line(found: Judgement) -> CriterionLine:
    criterion = found.criterion
    words = _(_WORDS[criterion.figure], words=criterion.words, least=_number(criterion.at_least))
    return CriterionLine(
        words=words, state=found.state, state_words=_(_STATES[found.state]),
        figure=_own_figure(criterion) if criterion.figure == "own" else _share_figure(found),
    )  # fmt: skip


def _own_figure(criterion: Criterion) -> str:
    if criterion.value is None:
        return _("nobody has entered it yet")
    return _("{value}, as it was entered", value=_number(criterion.value))


def _share_figure(found: Judgement) -> str:
    if found.k is None or not found.n:
        return _("not shown, or no month is counted yet")
    low, high = (100 * each for each in wilson(found.k, found.n))
    figure = _(
        "{share} % ({low} to {high} %): {k} of {n}", k=found.k, n=found.n,
        share=number_text(100 * found.k / found.n), low=number_text(low), high=number_text(high),
    )  # fmt: skip
    if low < found.criterion.at_least <= high:
        return _(
            "{figure}; the interval holds {least} % too", figure=figure,
            least=_number(found.criterion.at_least),
        )  # fmt: skip
    return figure


def _number(value: float) -> str:
    return number_text(value, 0 if value == round(value) else 2)
