"""What is new to somebody, of what they may see: computed, so nothing has to be marked as read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final, Literal

from contract.clock import SECOND_NS
from dashboard_api.cycle.view import Due, own_due
from dashboard_api.views.days import start_of
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores
from school.inbox.records import WaitingLesson
from school.lessons.records import Lesson
from school.people.records import Person
from school.sharing.listing import Wanted
from school.sharing.policy import may, may_at_all, reaches

__all__ = ["REMIND_AFTER_NS", "Kind", "News", "news_of"]

Kind = Literal["shared", "waits", "replied", "noted", "proposed", "due", "cycle"]
REMIND_AFTER_NS: Final = 72 * 3_600 * SECOND_NS
"""A shared lesson that nobody has looked at for so long is a reminder."""
MAX_NEWS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One thing that is new, or that waits."""

    kind: Kind
    at_utc_ns: int
    """Since when."""
    lesson: Lesson | None = None
    """None where it is about no lesson."""
    n: int = 1
    who: tuple[str, ...] = ()
    """The ids of those whose doing it is."""
    due: Due | None = None
    """Of a cycle."""


def news_of(
    stores: Stores, person: Person, utc_ns: int, people_utc_ns: int, zone: tzinfo | None
) -> list[News]:
    """The newest first. In a simulation lessons have a clock of their own: `utc_ns`."""
    waiting = stores.sharing.inbox.waiting(person.id, utc_ns)[:MAX_NEWS]
    seen = _seen(stores, person, [one.lesson for one in waiting], utc_ns)
    owners = stores.sharing.owners([one.lesson for one in waiting])
    found = [
        news
        for one in waiting
        if one.lesson in seen
        for news in _of_lesson(
            stores, seen[one.lesson], one, owners.get(one.lesson, ""), people_utc_ns
        )
    ]
    found += _due(stores, person, utc_ns)
    found += _due_in_cycle(stores, person, utc_ns, zone)
    return sorted(
        found, key=lambda one: (-one.at_utc_ns, one.kind, one.lesson.id if one.lesson else "")
    )


def _of_lesson(
    stores: Stores, seen: SeenLesson, waiting: WaitingLesson, owner: str, people_utc_ns: int
) -> Sequence[News]:
    found: list[News] = []
    if waiting.shared_utc_ns is not None and seen.reach == "shared":
        waits = people_utc_ns - waiting.shared_utc_ns >= REMIND_AFTER_NS
        found.append(
            News(
                kind="waits" if waits else "shared", at_utc_ns=waiting.shared_utc_ns,
                lesson=seen.lesson, who=(owner,),
            )
        )  # fmt: skip
    if waiting.has_replies:
        mine = {one.id for one in seen.moments(stores) if one.author == seen.viewer}
        new = [
            reply
            for note, replies in seen.replies(stores).items()
            for reply in replies
            if reply.author != seen.viewer
            and reply.written_utc_ns > waiting.seen_utc_ns
            and (seen.reach == "own" or note in mine)
        ]
        if new:
            found.append(
                News(
                    kind="replied", at_utc_ns=max(one.written_utc_ns for one in new),
                    lesson=seen.lesson, n=len(new),
                    who=tuple(dict.fromkeys(one.author for one in new)),
                )
            )  # fmt: skip
    if waiting.has_notes and seen.reach == "own":
        notes = [
            (one.written_utc_ns, one.author)
            for one in seen.moments(stores)
            if one.author != seen.viewer
            and one.written_utc_ns is not None
            and one.written_utc_ns > waiting.seen_utc_ns
        ]
        if notes:
            found.append(
                News(
                    kind="noted", at_utc_ns=max(at for at, _ in notes), lesson=seen.lesson,
                    n=len(notes), who=tuple(dict.fromkeys(author for _, author in sorted(notes))),
                )
            )  # fmt: skip
    if waiting.proposed:
        steps = [
            step
            for step in stores.sharing.steps.of_lesson(seen.lesson.id)
            if step.state == "proposed" and step.person == seen.viewer
        ]
        found += [
            News(
                kind="proposed", at_utc_ns=step.changed_utc_ns, lesson=seen.lesson,
                who=(step.author,),
            )
            for step in steps
        ]  # fmt: skip
    return found


def _due(stores: Stores, person: Person, utc_ns: int) -> list[News]:
    """An open step, once its teacher has taught again since they wrote it."""
    if "own" not in reaches(person.roles, "read lesson"):
        return []
    step = stores.sharing.steps.open_step(person.id)
    if step is None:
        return []
    since = Wanted(from_utc_ns=step.changed_utc_ns, to_utc_ns=utc_ns)
    taught = [
        one.bounded(stores.longest_ns)
        for one in stores.sharing.lessons(person.id, {"own"}, utc_ns, since, limit=1)
    ]
    return [
        News(kind="due", at_utc_ns=one.over_utc_ns(stores.longest_ns), lesson=one)
        for one in taught
        if one.id != step.lesson and one.over_utc_ns(stores.longest_ns) <= utc_ns
    ]


def _due_in_cycle(stores: Stores, person: Person, utc_ns: int, zone: tzinfo | None) -> list[News]:
    """A day of the own cycle that has come, until that is done."""
    if not may_at_all(person.roles, "keep cycle"):
        return []
    due = own_due(stores, person.id, utc_ns, zone)
    return [] if due is None else [News(kind="cycle", at_utc_ns=start_of(due.day, zone), due=due)]


def _seen(
    stores: Stores, person: Person, lessons: Sequence[str], utc_ns: int
) -> dict[str, SeenLesson]:
    """Those that they may see now, each as they see it."""
    cuts = stores.sharing.teacher.cuts(lessons, person.id)
    found: dict[str, SeenLesson] = {}
    for name, cut in cuts.items():
        lesson, reach = stores.lesson(name), stores.sharing.reach(name, person.id, utc_ns)
        if lesson is not None and reach is not None and may(person.roles, "read lesson", reach):
            found[name] = SeenLesson(person.id, lesson, reach, cut)
    return found
