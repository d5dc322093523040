"""What a programme keeps beside lessons: time and money, outcomes, the pulse, topics, and a plan."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, timedelta
from typing import Final

from roomtone.demo.district.calendar import utc_ns
from roomtone.demo.district.cast import SITES, WAVES
from roomtone.demo.district.put import LIMIT
from roomtone.demo.district.words import PLAN_OF_EVALUATION
from roomtone.demo.district.world import World
from school.audit.actor import Actor
from school.ledger.records import Costs, monday_of
from school.matching.records import SUBJECTS, TOPICS, Audience
from school.programme.month_figures import month_of
from school.programme.waves import Criterion, Wave
from school.pulse.questions import DEFAULT
from school.pulse.records import WHOLE, Answer, Deed, Words

__all__ = ["answer_pulse", "begin_programme", "count_months", "end_programme", "publish_deeds"]

_QUESTION: Final = {each.kind: each.id for each in DEFAULT}
_DEEDS: Final = (
    ("", 40, "Talks were too long after a late lesson.", "Talks may be 20 minutes, on any day of the week."),
    ("ash", 22, "No room was free to talk in.", "Room 12 is kept free after the sixth lesson."),
    ("birch", 9, "Visits came without a day’s notice.", "A coach asks two days before."),
)  # fmt: skip
"""School, how many days ago, what was said, and what was done."""


def begin_programme(world: World) -> None:
    """Before any data: what the programme costs, and the plan of its evaluation."""
    by = world.office(utc_ns(world.calendar.starts_on - timedelta(days=3), 9))
    costs = Costs(starts_on=world.calendar.starts_on, hour_cost=36.0, kit_cost=320.0)
    world.school.ledger.put_costs(costs, by)
    world.school.evaluation_plans.fix(PLAN_OF_EVALUATION, "", by)
    _plan_waves(world, by)


def _plan_waves(world: World, by: Actor) -> None:
    """The second wave begins eight weeks after the first, if its criteria are met."""
    for number, (name, title) in enumerate(WAVES):
        criteria = (
            Criterion(figure="with_cycle", at_least=40.0),
            Criterion(figure="running", at_least=90.0),
            Criterion(figure="own", at_least=10.0, value=12.0, words="Teachers who ask to begin"),
        )
        wave = Wave(
            name=name, title=title, starts_on=world.calendar.weeks[8 * number],
            sites=frozenset(school.site for school in SITES if school.wave == number),
            criteria=() if number else criteria,
        )  # fmt: skip
        world.school.waves.put(wave, by)


def answer_pulse(world: World, at: int, monday: date, talked: set[int]) -> None:
    """A week's taps: who answers each week, and after a debrief whoever talked."""
    draw, pulse = world.draw(f"pulse {at}"), world.school.pulse
    for part in world.cast.teachers:
        person = world.teachers[part.number].id
        if part.answers and draw.random() < 0.9:
            step = draw.choices((0, 1, 2), (1, 4, 5 + at // 6))[0]
            site = part.school.site
            answer = Answer(question=_QUESTION["week"], step=step, site=site)
            assert pulse.settle(person, "week", [monday], answer)
            world.put.pulse[monday, site] += 1
        if part.number in talked:
            step = draw.choices((1, 2, 3, 4), (1, 2, 4, 3))[0]
            answer = Answer(question=_QUESTION["debrief"], step=step, site=WHOLE)
            pulse.settle(person, "debrief", [monday], answer)


def count_months(world: World, sensed: Collection[str], *, before: date) -> None:
    """Count how far coaching reached, each month on the day after it, as an administrator does."""
    counted = {each.month for each in world.school.coverage.months()}
    for name in world.put.months():
        month = month_of(int(name[:4]), int(name[5:]), UTC)
        is_over = month.high_utc_ns <= utc_ns(before)
        if name not in counted and is_over and len(world.put.teachers(name)) >= LIMIT:
            by = world.office(month.high_utc_ns)
            world.school.coverage.count(month, sensed, by, now_utc_ns=by.utc_ns)


def publish_deeds(world: World, monday: date) -> None:
    """What was done in a week about what people said."""
    for number, (site, days, said, did) in enumerate(_DEEDS):
        day = world.calendar.today - timedelta(days=days)
        if monday_of(day) == monday:
            deed = Deed(id=f"deed-{number}", site=site, day=day, said=said, did=did)
            world.school.pulse.add_deed(deed, world.office(utc_ns(day, 15)))


def end_programme(world: World) -> None:
    """What is known when the second term is over."""
    _say_topics(world)
    world.school.pulse.write(
        Words(
            id="words-1", person=world.teachers[0].id, reader=world.coaches[0].id,
            text="Could we talk on Thursdays? Mondays are full.",
            written_utc_ns=world.now_utc_ns,
        )
    )  # fmt: skip


def _say_topics(world: World) -> None:
    """Some say what they offer and look for, to their school or to everybody."""
    draw, colleagues = world.draw("topics"), world.school.colleagues
    topics, subjects = list(TOPICS), list(SUBJECTS)
    for part in world.cast.teachers:
        if not part.shows_topics:
            continue
        person = world.teachers[part.number].id
        audience: Audience = "school" if draw.random() < 0.5 else "everybody"
        wanted = draw.sample(topics, 3)
        colleagues.put(person, "needs", wanted[:1], audience)
        colleagues.put(person, "strengths", [*wanted[1:], draw.choice(subjects[:5])], audience)
        if part.coach is not None:
            colleagues.put(person, "focus", [draw.choice(topics[:4])], audience)
