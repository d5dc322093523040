"""What colleagues show to somebody of themselves, and why two may be worth talking to each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from contract.clock import SECOND_NS
from contract.language import N_, _
from dashboard_api.language.dates import local_time_text
from dashboard_api.views.text import joined_text, title_text
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.matching.records import SUBJECTS, TOPICS, ColleagueTag, Kind
from school.matching.suggesting import Reason, is_shown, reasons
from school.sharing.listing import Wanted
from school.sharing.policy import may, may_at_all

__all__ = ["ColleagueLine", "Guest", "Own", "colleague_lines", "guest_of", "own_parts"]

_GUEST_DAYS: Final = 28
_MAX_LESSONS: Final = 40
_NAMES: Final = {**TOPICS, **SUBJECTS}
_WHY: Final = {
    "both_work": N_("You both work on {topic}."),
    "both_look": N_("You both look for help with {topic}."),
    "they_offer": N_("You look for help with {topic}, and {name} offers it."),
    "you_offer": N_("{name} looks for help with {topic}, and you offer it."),
    "they_offer_work": N_("You work on {topic}, and {name} offers help with it."),
    "you_offer_work": N_("{name} works on {topic}, and you offer help with it."),
    "they_work": N_("You look for help with {topic}, and {name} works on it."),
    "you_work": N_("{name} looks for help with {topic}, and you work on it."),
}
_LINES: Final[dict[Kind, str]] = {
    "focus": N_("Works on: {topics}"),
    "needs": N_("Looks for: {topics}"),
    "strengths": N_("Offers: {topics}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What somebody says of themselves, of one kind."""

    topics: frozenset[str] = frozenset()
    audience: str = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColleagueLine:
    """Somebody who shows something."""

    id: str
    name: str
    school: str
    says: tuple[str, ...]
    reasons: tuple[str, ...]
    may_be_guest: bool
    """Whether a lesson can be shared with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Somebody whom a teacher invites to one lesson, and the lessons to choose from."""

    id: str
    name: str
    lessons: tuple[tuple[str, str], ...]


def own_parts(stores: Stores, viewer: Viewer) -> dict[Kind, Own]:
    """By kind; a focus only while a cycle is open."""
    kinds: list[Kind] = ["needs", "strengths"]
    if stores.sharing.cycles.open_cycle(viewer.person.id) is not None:
        kinds.append("focus")
    found: dict[Kind, list[ColleagueTag]] = {kind: [] for kind in kinds}
    for tag in stores.colleagues.of(viewer.person.id):
        found.setdefault(tag.kind, []).append(tag)
    return {
        kind: Own(topics=frozenset(tag.topic for tag in tags), audience=tags[0].audience)
        if tags
        else Own()
        for kind, tags in found.items()
    }


def colleague_lines(stores: Stores, viewer: Viewer) -> list[ColleagueLine]:
    """Everybody who shows the viewer something, by name: no figure puts them in an order."""
    me = viewer.person.id
    sites_of = stores.programme.sites_of_people()
    titles = {site.name: site.title or site.name for site in stores.rooms.sites()}
    own = stores.colleagues.of(me)
    shown: defaultdict[str, list[ColleagueTag]] = defaultdict(list)
    for tag in stores.colleagues.of_others(me):
        if is_shown(tag, me, sites_of):
            shown[tag.person].append(tag)
    lines = []
    for person in stores.people.people():
        if person.id not in shown or not may_at_all(person.roles, "find colleagues"):
            continue
        theirs = shown[person.id]
        site = sites_of.get(person.id, "")
        lines.append(
            ColleagueLine(
                id=person.id, name=person.name, school=titles.get(site, site), says=_says(theirs),
                reasons=tuple(_words(each, person.name) for each in reasons(own, theirs)),
                may_be_guest=may_at_all(viewer.person.roles, "share lesson")
                and may(person.roles, "read lesson", "shared"),
            )
        )  # fmt: skip
    return sorted(lines, key=lambda line: (line.name.casefold(), line.id))


def guest_of(
    stores: Stores, viewer: Viewer, lines: Sequence[ColleagueLine], person: str
) -> Guest | None:
    """Whom to invite, and one's own lessons of the last and the next weeks."""
    line = next((each for each in lines if each.id == person and each.may_be_guest), None)
    if line is None:
        return None
    days_ns = round(timedelta(days=_GUEST_DAYS).total_seconds()) * SECOND_NS
    span = Wanted(from_utc_ns=viewer.utc_ns - days_ns, to_utc_ns=viewer.utc_ns + days_ns)
    found = stores.lessons_of(viewer, {"own"}, span, limit=_MAX_LESSONS)
    return Guest(
        id=line.id, name=line.name,
        lessons=tuple(
            (each.id, ", ".join((title_text(each.title, each.room),
                                 local_time_text(each.starts_utc_ns, stores.zone))))
            for each in found
        ),
    )  # fmt: skip


def _says(tags: Sequence[ColleagueTag]) -> tuple[str, ...]:
    by_kind = {kind: [tag.topic for tag in tags if tag.kind == kind] for kind in _LINES}
    return tuple(
        _(_LINES[kind], topics=joined_text([_(_NAMES[each]) for each in _NAMES if each in topics]))
        for kind, topics in by_kind.items()
        if topics
    )


def _words(reason: Reason, name: str) -> str:
    return _(_WHY[reason.why], topic=_(_NAMES[reason.topic]), name=name)
