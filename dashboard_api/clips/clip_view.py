"""What the pages show of clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Final

from contract.clock import SECOND_NS
from contract.language import N_, _
from dashboard_api.language.dates import date_text
from dashboard_api.language.recorded import recorded_text
from dashboard_api.views.dates import day_of
from dashboard_api.views.text import length_text, position_text
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.audit.entries import name_words
from school.clips.records import Clip, ClipState, ClipViewer
from school.people.records import Person
from school.sharing.policy import may
from school.video.media.records import Shows

__all__ = ["SHOWS_WORDS", "ClipLine", "clip_readers", "count_shown", "own_lines", "shown_lines"]

SHOWS_WORDS: Final[dict[Shows, str]] = {
    "both": N_("picture and sound"),
    "picture": N_("the picture, without sound"),
    "sound": N_("the sound, without a picture"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipLine:
    """A clip in a list, or on its page."""

    id: str
    lesson: str
    title: str
    about: str
    """How long it is and what of the video is in it; for its teacher also from when to when."""
    by: str
    """Who shows it; empty for one's own."""
    until: str
    """The last day."""
    is_sound: bool
    state: ClipState
    refusal: str
    viewers: Sequence[ClipViewer] = ()
    cohorts: Sequence[tuple[str, str]] = ()
    """In which its teacher shows it, each an id and a title."""


def own_lines(
    stores: Stores,
    viewer: Viewer,
    zone: tzinfo | None,
    *,
    lesson: str = "",
    clip: str | None = None,
) -> list[ClipLine]:
    """The viewer's own clips, of one lesson or of all, with whom they show them to."""
    made = stores.clips.made_by(viewer.person.id, viewer.people_utc_ns, clip)
    found = [each for each in made if not lesson or each.lesson == lesson]
    seen_by = stores.clips.viewers(found)
    cohorts = stores.clips.in_cohorts.cohorts_of(found)
    return [
        replace(_line(each, zone, "", seen_by[each.id]), cohorts=cohorts[each.id]) for each in found
    ]


def shown_lines(
    stores: Stores, viewer: Viewer, zone: tzinfo | None, clip: str | None = None
) -> list[ClipLine]:
    """What others show to the viewer."""
    found = stores.clips.shown_to(viewer.person.id, viewer.people_utc_ns, clip)
    return [_line(each, zone, _name(stores, each.person)) for each in found]


def count_shown(stores: Stores, viewer: Viewer) -> int:
    """How many clips others show to the viewer now."""
    if not may(viewer.person.roles, "see clip", "shared"):
        return 0
    return len(stores.clips.shown_to(viewer.person.id, viewer.people_utc_ns))


def clip_readers(stores: Stores, viewer: Viewer) -> list[Person]:
    """To whom a clip can be shown, by name."""
    return [
        person
        for person in stores.people.people()
        if person.id != viewer.person.id and may(person.roles, "see clip", "shared")
    ]


def _line(clip: Clip, zone: tzinfo | None, by: str, viewers: Sequence[ClipViewer] = ()) -> ClipLine:
    about = f"{length_text(clip.length_s)} · {_(SHOWS_WORDS[clip.shows])}"
    if not by:
        start, end = position_text(clip.start_s), position_text(clip.end_s)
        about += " · " + _("{start} to {end} of the video", start=start, end=end)
    return ClipLine(
        id=clip.id, lesson=clip.lesson, title=clip.title, about=about, by=by,
        until=date_text(day_of(clip.until_utc_ns - SECOND_NS, zone)),
        is_sound=clip.shows == "sound", state=clip.state, refusal=recorded_text(clip.refusal),
        viewers=viewers,
    )  # fmt: skip


def _name(stores: Stores, person: str) -> str:
    found = stores.people.person(person)
    return name_words("" if found is None else found.name)
