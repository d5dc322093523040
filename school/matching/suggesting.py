"""Who may be worth talking to, and why: of what people say of themselves, and of nothing else.

Nothing here knows a score, a lesson or a sensor, and nobody stands before anybody else for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from school.matching.records import SUBJECTS, TOPICS, ColleagueTag, Kind

__all__ = ["Reason", "is_shown", "reasons"]

Why = Literal[
    "both_work", "both_look", "they_offer", "you_offer", "they_offer_work", "you_offer_work",
    "they_work", "you_work",
]  # fmt: skip
_WORK: Final[frozenset[Kind]] = frozenset({"needs", "focus"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why somebody is suggested."""

    why: Why
    topic: str


def is_shown(tag: ColleagueTag, person: str, sites: Mapping[str, str]) -> bool:
    """Whether a person sees a tag; `sites` has the school that people belong to.

    Where nobody has said who belongs where, all are of one school.
    """
    if tag.person == person or tag.audience == "everybody":
        return True
    if tag.audience == "nobody":
        return False
    if tag.coach == person:
        return True
    is_of_school = not sites or (
        tag.person in sites and sites[tag.person] == sites.get(person)
    )  # fmt: skip
    return tag.audience == "school" and is_of_school


def reasons(own: Sequence[ColleagueTag], theirs: Sequence[ColleagueTag]) -> list[Reason]:
    """Why the two fit, by the list of topics; `theirs` is what is shown to the one who asks.

    Of somebody whose cycle is about a topic nothing says that they look for help with it.
    """
    mine, others = _by_topic(own), _by_topic(theirs)
    found = []
    for topic in (*TOPICS, *SUBJECTS):
        ours, kinds = mine.get(topic, frozenset()), others.get(topic, frozenset())
        found += [Reason(why=why, topic=topic) for why in _why(ours, kinds)]
    return found


def _why(ours: frozenset[Kind], theirs: frozenset[Kind]) -> Iterator[Why]:
    if "strengths" in theirs and ours & _WORK:
        yield "they_offer" if "needs" in ours else "they_offer_work"
    if "strengths" in ours and theirs & _WORK:
        yield "you_offer" if "needs" in theirs else "you_offer_work"
    if "focus" in ours and "focus" in theirs:
        yield "both_work"
    elif "needs" in ours and "needs" in theirs:
        yield "both_look"
    elif ours & _WORK and theirs & _WORK:
        yield "they_work" if "focus" in theirs else "you_work"


def _by_topic(tags: Sequence[ColleagueTag]) -> dict[str, frozenset[Kind]]:
    kinds: dict[str, frozenset[Kind]] = {}
    for tag in tags:
        kinds[tag.topic] = kinds.get(tag.topic, frozenset()) | {tag.kind}
    return kinds
