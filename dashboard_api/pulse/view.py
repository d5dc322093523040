"""What was answered, as people read it: by week, from enough answers on, and never by person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from contract.language import N_, _, pgettext
from dashboard_api.language.dates import date_text, local_time_text, number_text
from dashboard_api.pulse.asking import (
    DeedLine,
    asked_now,
    asks_after_debriefs,
    deed_days,
    deeds_for,
    today_of,
)
from dashboard_api.sharing.page_view import readers_for
from dashboard_api.views.days import monday_of
from dashboard_api.views.text import joined_text
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from models.school_model.labels import wilson
from school.people.records import Person
from school.programme.small_groups import BEYOND_SCHOOL, WITHIN_SCHOOL
from school.pulse.records import WHOLE, Kind, Question, Tally, Words
from school.pulse.showing import ShownWeek, of_every_school, of_school
from school.sharing.policy import may_at_all

__all__ = ["Part", "PulsePage", "WeekLine", "WordsLine", "pulse_page"]

WEEKS: Final = 12
_BY_ITSELF: Final = N_(
    "Of all schools together, and never of one: there it could be about one coach."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekLine:
    """One week's figure."""

    week: str
    figure: str
    interval: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The weeks of one question, of one school or of all."""

    heading: str
    question: str
    counted: str
    """Which steps are counted together."""
    note: str
    weeks: tuple[WeekLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsLine:
    """What somebody wrote to one reader, and to or from whom."""

    id: str
    name: str
    at: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PulsePage:
    """All that somebody sees of it."""

    asked: tuple[Question, ...]
    is_asked: bool
    """Whether they are one of those who are asked, or could be."""
    is_off: bool
    parts: tuple[Part, ...]
    has_no_school: bool
    """There are several schools, and nobody has said which is theirs."""
    deeds: tuple[DeedLine, ...]
    sites: tuple[tuple[str, str], ...]
    """Name and title of the schools, for who writes what was done."""
    readers: tuple[Person, ...]
    sent: tuple[WordsLine, ...]
    received: tuple[WordsLine, ...]
    first_day: str
    """Of what may have been done; the last is today."""
    today: str


def pulse_page(stores: Stores, viewer: Viewer, questions: Mapping[Kind, Question]) -> PulsePage:
    """What is shown depends on the reader's school: theirs from five answers on, others from ten."""
    roles = viewer.person.roles
    is_asked = may_at_all(roles, "answer pulse")
    sites_of = stores.programme.sites_of_people()
    titles = {site.name: site.title or site.name for site in stores.rooms.sites()}
    is_writer = may_at_all(roles, "write deeds")
    first_day, today = deed_days(stores, viewer)
    return PulsePage(
        asked=asked_now(stores, viewer, questions),
        is_asked=is_asked,
        is_off=is_asked and stores.pulse.is_off(viewer.person.id),
        parts=tuple(_parts(stores, viewer, questions, sites_of, titles)),
        has_no_school=bool(sites_of) and viewer.person.id not in sites_of,
        deeds=deeds_for(stores, viewer),
        sites=tuple(sorted(titles.items(), key=lambda each: each[1])) if is_writer else (),
        readers=tuple(readers_for(stores, viewer)) if is_asked else (),
        sent=_lines(stores, stores.pulse.written_by(viewer.person.id), is_sent=True),
        received=_lines(stores, stores.pulse.written_to(viewer.person.id), is_sent=False),
        first_day=first_day.isoformat(),
        today=today.isoformat(),
    )


def _parts(
    stores: Stores,
    viewer: Viewer,
    questions: Mapping[Kind, Question],
    sites_of: Mapping[str, str],
    titles: Mapping[str, str],
) -> list[Part]:
    this = monday_of(today_of(stores, viewer))
    tallies = stores.pulse.tallies(this - timedelta(days=7 * WEEKS), this)
    # Whoever says to which school people belong could be of one small school after another.
    is_apart = may_at_all(viewer.person.roles, "change people")
    own = None if is_apart else sites_of.get(viewer.person.id)
    parts: list[Part] = []
    weekly, after = questions.get("week"), questions.get("debrief")
    if weekly is not None:
        parts += _weekly_parts(tallies, weekly, own, titles, has_schools=bool(sites_of),
                               sees_all=may_at_all(viewer.person.roles, "read counts"))  # fmt: skip
    if after is not None and asks_after_debriefs(stores):
        weeks = of_school(tallies, after, WHOLE, is_own=not sites_of)
        note = (
            _(_BY_ITSELF) + " " + _limit(is_own=not sites_of) if sites_of else _limit(is_own=True)
        )
        parts.append(_part(_("After a debrief"), after, weeks, note))
    return parts


def _weekly_parts(
    tallies: Sequence[Tally],
    question: Question,
    own: str | None,
    titles: Mapping[str, str],
    *,
    has_schools: bool,
    sees_all: bool,
) -> list[Part]:
    if not has_schools:
        weeks = of_school(tallies, question, WHOLE, is_own=True)
        return [_part(_("Each week"), question, weeks, _limit(is_own=True))]
    parts = []
    if own is not None:
        weeks = of_school(tallies, question, own, is_own=True)
        heading = _("Each week, {school}", school=titles.get(own, own))
        parts.append(_part(heading, question, weeks, _limit(is_own=True)))
    elif sees_all:
        # As in a file for anybody: whoever reads it may say of which school they are a day later.
        weeks = of_every_school(tallies, question)
        note = (
            _("Of the schools with five answers or more in that week.") + " " + _limit(is_own=False)
        )
        parts.append(_part(_("Each week, all schools together"), question, weeks, note))
    if sees_all:
        for name, title in sorted(titles.items(), key=lambda each: each[1]):
            if name != own:
                weeks = of_school(tallies, question, name, is_own=False)
                heading = _("Each week, {school}", school=title)
                parts.append(_part(heading, question, weeks, _limit(is_own=False)))
    return parts


def _limit(*, is_own: bool) -> str:
    n = WITHIN_SCHOOL if is_own else BEYOND_SCHOOL
    return _("A week stands here when it is over and had {n} answers or more.", n=n)


def _part(heading: str, question: Question, weeks: Sequence[ShownWeek], note: str) -> Part:
    good = [f"“{_(step)}”" for step in question.steps[-question.good :]]
    return Part(
        heading=heading, question=_(question.text), note=note,
        counted=_("Counted: {steps}", steps=joined_text(good)),
        weeks=tuple(_line(week) for week in weeks),
    )  # fmt: skip


def _line(week: ShownWeek) -> WeekLine:
    low, high = wilson(week.low, week.n)[0], wilson(week.high, week.n)[1]
    if week.low == week.high:
        figure = _("{k} of {n}", k=week.low, n=week.n)
    elif week.low == 0:
        figure = _("{k} or fewer of {n}", k=week.high, n=week.n)
    else:
        figure = _("{k} or more of {n}", k=week.low, n=week.n)
    return WeekLine(
        week=_("Week of {day}", day=date_text(week.monday)),
        figure=figure,
        interval=pgettext(
            "interval", "{low} to {high}\u00a0%",
            low=number_text(low * 100), high=number_text(high * 100),
        ),
    )  # fmt: skip


def _lines(stores: Stores, words: Sequence[Words], *, is_sent: bool) -> tuple[WordsLine, ...]:
    others = {each.reader if is_sent else each.person for each in words}
    names = stores.people.names(others)
    return tuple(
        WordsLine(
            id=each.id, name=names.get(each.reader if is_sent else each.person, ""),
            at=local_time_text(each.written_utc_ns, stores.zone), text=each.text,
        )
        for each in words
    )  # fmt: skip
