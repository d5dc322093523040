"""An entry of the audit log as people read it: one sentence in plain words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from contract.language import N_, _, ngettext
from school.audit.records import Action, Detail, Thing
from school.audit.said import Said
from school.audit.words import (
    COMMAND_WORDS,
    DESCRIPTION_WORDS,
    FILE_WORDS,
    REASON_WORDS,
    REMOVAL_WORDS,
    ROLE_WORDS,
)

__all__ = [
    "SENTENCES",
    "SOMEONE_GONE",
    "THINGS",
    "Entry",
    "name_words",
]

SOMEONE_GONE: Final = N_("a person who left")
"""Kept where a name was; `name_words` is what people read."""
_UNKNOWN: Final = N_(
    "{who} did something to {thing} that a later version of Roomtone has a word for"
)
_PROGRAMS: Final = frozenset({N_("the pages"), N_("the sign-in page")})
"""Programs that are no command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry as a page shows it. A later version may have written words that this one has not."""

    number: int
    at_utc_ns: int
    who: str
    """The name, or `SOMEONE_GONE`."""
    action: str
    thing: str
    thing_id: str
    thing_name: str
    """The name, if the thing is a person; else the same as `thing_id`."""
    lesson: str | None
    detail: Detail
    is_program: bool = False
    """Whether a program did it, for nobody who is known."""
    is_own: bool = False
    """Whether somebody did it to themselves."""

    @property
    def sentence(self) -> str:
        """In plain words, such as "Ada Okafor shared lesson maths-1 with Kim Roth for 14 days"."""
        return self.sentence_on(None)

    @property
    def who_words(self) -> str:
        """Who did it, within a sentence."""
        if self.is_program and self.who.startswith("roomtone "):
            return _("the command “{name}”", name=self.who)
        return _(self.who) if self.is_program and self.who in _PROGRAMS else name_words(self.who)

    def sentence_on(self, lesson: str | None) -> str:
        """The same on the page of a lesson, which is not named there but called "this lesson"."""
        what = self._what(lesson)
        said = Said(self.detail, what, is_own=self.is_own)
        known = _BY_WORD.get(self.action)
        template, more = (_UNKNOWN, _nothing) if known is None else known
        whom = self.who_words
        sentence = _(
            template, who=whom[:1].upper() + whom[1:], thing=what,
            lesson=_lesson(self.lesson or "?", lesson), more=more(said),
        )  # fmt: skip
        if known is None or not said.unread:
            return sentence
        return _("{sentence} (a later version of Roomtone says more about it)", sentence=sentence)

    def _what(self, lesson: str | None) -> str:
        words = _THING_WORDS.get(self.thing)
        if words is None:
            return _("something")
        name = _("themselves") if self.is_own else name_words(self.thing_name)
        return _(
            words, id=self.thing_id, lesson=_lesson(self.lesson or self.thing_id, lesson), name=name
        )


def name_words(name: str) -> str:
    """A name as people read it, also in place of one that is gone."""
    return _(name) if name == SOMEONE_GONE else name


def _nothing(_said: Said) -> str:
    return ""


def _own(what: str) -> _More:
    return lambda said: said.whose(what)


def _shared(said: Said) -> str:
    parts, days = said.number("parts"), _days(said)
    if parts is None:
        return days
    return ngettext(": {n} part of it,", ": {n} parts of it,", parts) + days


def _span(said: Said) -> str:
    """From when to when in the lesson, and why."""
    start, end = said.number("start_s"), said.number("end_s")
    span = _("a span")
    if start is not None and end is not None:
        span = _("minutes {start} to {end}", start=_minutes(start), end=_minutes(end))
    reason = said.word("reason", REASON_WORDS)
    return f"{span} ({reason})" if reason else span


def _rights(said: Said) -> str:
    rights, lessons = said.whose("rights"), said.number("lessons")
    if lessons is not None:
        if not lessons:
            more = _("a name in timetables means them now, and no lesson became theirs")
        else:
            more = ngettext(
                "a name in timetables means them now, and {n} lesson became theirs",
                "a name in timetables means them now, and {n} lessons became theirs",
                lessons,
            )
        return f"{rights}: {more}"
    roles = said.marked(ROLE_WORDS)
    if not roles:
        return rights + ": " + _("they have no role now")
    more = ngettext(
        "their role is {roles} now", "their roles are {roles} now", len(roles), roles=_joined(roles)
    )
    return f"{rights}: {more}"


def _token(said: Said) -> str:
    role, days = said.word("role", ROLE_WORDS), _days(said)
    return " " + _("for the role {role}", role=role) + days if role else days


def _invited(said: Said) -> str:
    return " " + _("again") if said.number("again") else ""


def _switched(said: Said) -> str:
    return "".join(
        f": {state}" for state in said.marked({"on": N_("on now"), "off": N_("off now")})
    )


def _factor(said: Said) -> str:
    return said.whose("removed_factor" if said.number("removed") else "changed_factor")


def _looks_gone(said: Said) -> str:
    looks = said.number("looks")
    if not looks:
        return ""
    return ": " + ngettext("{n} look was removed", "{n} looks were removed", looks)


def _to_whom(said: Said) -> str:
    words = said.marked({"on": N_("to those who see"), "off": N_("to nobody else who sees")})
    return words[0] if words else _("to some who see")


def _went(said: Said) -> str:
    went = said.word(
        "went", {"done": N_("done"), "going_on": N_("going on"), "dropped": N_("dropped")}
    )
    return f": {went}" if went else ""


def _why(said: Said) -> str:
    why = said.word("why", REMOVAL_WORDS)
    return f", {why}" if why else ""


def _wording(said: Said) -> str:
    """The hash of what was confirmed is for who checks it, and in no sentence."""
    said.marked({"wording": ""})
    return ""


def _file(said: Said) -> str:
    words = said.word("file", FILE_WORDS)
    return f": {words}" if words else ""


def _command(said: Said) -> str:
    words = said.word("command", COMMAND_WORDS)
    return _in_room(said) + (f": {words}" if words else "")


def _in_room(said: Said) -> str:
    """The room of a kit: kits of two rooms may have one name."""
    room = said.room()
    return " " + _("in room {room}", room=room) if room else ""


def _description(said: Said) -> str:
    changed = said.marked(DESCRIPTION_WORDS)
    return _in_room(said) + (f": {_joined(changed)}" if changed else "")


def _of_teachers(said: Said) -> str:
    n = said.number("teachers")
    return "" if n is None else ": " + ngettext("of {n} teacher", "of {n} teachers", n)


def _days(said: Said) -> str:
    days = said.number("days")
    if days is None:
        return ""
    if days > 0:
        return " " + ngettext("for {n} day", "for {n} days", days)
    return " " + _("until the end of the day")


def _joined(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return _("{first} and {last}", first=", ".join(parts[:-1]), last=parts[-1])


def _minutes(second: int) -> str:
    """A time in the lesson; always in minutes, so that nobody takes it for one of a clock."""
    return f"{second // 60}:{second % 60:02}"


def _lesson(lesson_id: str, here: str | None) -> str:
    return _("this lesson") if lesson_id == here else _("lesson {id}", id=lesson_id)


_More = Callable[[Said], str]

SENTENCES: Final[Mapping[Action, tuple[str, _More]]] = MappingProxyType({
    "saw": (N_("{who} looked at {thing}"), _nothing),
    "exported": (N_("{who} exported {thing}{more}"), _file),
    "shared": (N_("{who} shared {lesson} with {thing}{more}"), _shared),
    "unshared": (N_("{who} stopped sharing {lesson} with {thing}"), _nothing),
    "hid": (N_("{who} hid {thing}"), _nothing),
    "unhid": (N_("{who} showed {thing} again"), _nothing),
    "excluded": (N_("{who} left out {more} of {lesson}"), _span),
    "included": (N_("{who} took {more} of {lesson} in again"), _span),
    "handed_over": (N_("{who} handed {lesson} over to {thing}"), _nothing),
    "took_over": (N_("{who} took {lesson} over, to teach it for someone else"), _nothing),
    "deleted": (N_("{who} asked to delete {thing}"), _nothing),
    "purged": (N_("{who} removed {thing} for good{more}"), _why),
    "signed_in": (N_("{who} signed in"), _nothing),
    "signed_out": (N_("{who} signed out"), _nothing),
    "sign_in_failed": (N_("{who} refused an attempt to sign in as {thing}"), _nothing),
    "ended_sessions": (N_("{who} ended {more}"), _own("sessions")),
    "changed_password": (N_("{who} changed {more}"), _own("password")),
    "changed_second_factor": (N_("{who} {more}"), _factor),
    "invited": (N_("{who} invited {thing}{more}"), _invited),
    "redeemed": (N_("{who} used a link to choose how they sign in"), _nothing),
    "reset_sent": (N_("{who} made a link for {thing} to choose a new password"), _nothing),
    "changed_rights": (N_("{who} changed {more}"), _rights),
    "changed_settings": (N_("{who} changed {thing}{more}"), _switched),
    "made_token": (N_("{who} made {thing}{more}"), _token),
    "revoked_token": (N_("{who} revoked {thing}"), _nothing),
    "anonymised": (N_("{who} removed {more}"), _own("name")),
    "refused_token": (N_("{who} refused {thing}"), _nothing),
    "linked_account": (N_("{who} linked a school account to {thing}"), _nothing),
    "unlinked_account": (N_("{who} removed {more}"), _own("account")),
    "offered": (N_("{who} offered {lesson} to {thing}"), _nothing),
    "ended_offer": (N_("{who} ended the offer of {lesson}"), _nothing),
    "exported_held": (N_("{who} exported all that is held about {thing}"), _nothing),
    "asked_observer": (N_("{who} asked {thing} to observe {lesson}"), _nothing),
    "ended_observing": (N_("{who} took back the request to {thing} to observe {lesson}{more}"), _looks_gone),
    "withdrew_looks": (N_("{who} stopped observing {lesson}{more}"), _looks_gone),
    "wrote_step": (N_("{who} wrote {thing}"), _nothing),
    "proposed_step": (N_("{who} proposed {thing}"), _nothing),
    "accepted_step": (N_("{who} took over {thing} that was proposed"), _nothing),
    "reported_step": (N_("{who} said how {thing} went{more}"), _went),
    "removed_step": (N_("{who} removed {thing}"), _nothing),
    "confirmed_consent": (N_("{who} confirmed who may be filmed in {lesson}"), _wording),
    "uploaded": (N_("{who} added {thing}"), _nothing),
    "imported": (N_("{who} read {thing} from a file"), _nothing),
    "removed_imported": (N_("{who} deleted {thing}"), _nothing),
    "showed_guess": (N_("{who} shows their guess {more} {lesson}"), _to_whom),
    "wrote_cycle": (N_("{who} wrote {thing}"), _nothing),
    "proposed_cycle": (N_("{who} proposed {thing}"), _nothing),
    "accepted_cycle": (N_("{who} took over {thing} that was proposed"), _nothing),
    "closed_cycle": (N_("{who} closed {thing}"), _nothing),
    "removed_cycle": (N_("{who} removed {thing}"), _nothing),
    "shared_cycle": (N_("{who} shared their cycle with {thing}"), _nothing),
    "unshared_cycle": (N_("{who} stopped sharing their cycle with {thing}"), _nothing),
    "finished_form": (N_("{who} was done with {thing}, which who fills it too may see then"), _nothing),
    "removed_form": (N_("{who} removed what they filled of {thing}"), _nothing),
    "paused": (N_("{who} paused the sensing of {thing}"), _nothing),
    "resumed": (N_("{who} ended the pause in the sensing of {thing}"), _nothing),
    "configured": (N_("{who} changed the settings of {thing}{more}"), _in_room),
    "commanded": (N_("{who} gave a command to {thing}{more}"), _command),
    "described": (N_("{who} described {thing}{more}"), _in_room),
    "changed_description": (N_("{who} changed the description of {thing}{more}"), _description),
    "removed_description": (N_("{who} removed the description of {thing}{more}"), _in_room),
    "made_code": (N_("{who} made a code with which a Pi becomes {thing}{more}"), _in_room),
    "locked_out": (N_("{who} locked out {thing}{more}"), _in_room),
    "added_platform": (N_("{who} set up {thing}"), _nothing),
    "changed_platform": (N_("{who} changed {thing}"), _nothing),
    "removed_platform": (N_("{who} removed {thing}"), _nothing),
    "linked_platform": (N_("{who} linked an account of a learning platform to {thing}"), _nothing),
    "unlinked_platform": (N_("{who} removed the link of an account of a learning platform to {thing}"), _nothing),
    "synced_roster": (N_("{who} took over a roster"), _nothing),
    "released": (N_("{who} released {thing} to a collector{more}"), _of_teachers),
    "wrote_plan": (N_("{who} wrote {thing}"), _nothing),
    "wrote_pack": (N_("{who} wrote {thing}"), _nothing),
    "removed_plan": (N_("{who} removed {thing}"), _nothing),
    "made_clip": (N_("{who} cut {thing} and confirmed whose faces and voices are in it{more}"), lambda said: f"{_wording(said)}: {_span(said)}"),
    "showed_clip": (N_("{who} shows a clip of {lesson} to {thing}{more}"), _days),
    "passed_steps": (N_("{who} handed next steps over to {thing}"), _nothing),
    "took_back_steps": (N_("{who} took back next steps that were handed over to {thing}"), _nothing),
    "hid_clip": (N_("{who} stopped showing a clip of {lesson} to {thing}"), _nothing),
    "fixed": (N_("{who} fixed {thing}"), _nothing),
    "counted": (N_("{who} counted {thing}{more}"), _of_teachers),
    "made_cohort": (N_("{who} began {thing}"), _nothing),
    "invited_to_cohort": (N_("{who} invited {thing} to a cohort"), _nothing),
    "removed_from_cohort": (N_("{who} took {thing} out of a cohort"), _nothing),
    "joined_cohort": (N_("{who} joined {thing}"), _nothing),
    "left_cohort": (N_("{who} left {thing}"), _nothing),
    "ended_cohort": (N_("{who} ended {thing} for good"), _nothing),
    "set_task": (N_("{who} set a task for {thing}"), _nothing),
    "handed_answer": (N_("{who} handed an answer about {lesson} to {thing}"), _nothing),
    "removed_answer": (N_("{who} deleted their answer in {thing} for good"), _nothing),
    "changed_task": (N_("{who} changed a task for {thing}"), _nothing),
    "ended_task": (N_("{who} deleted a task for {thing} for good, with the answers to it"), _nothing),
    "offered_cohort": (N_("{who} asked {thing} to lead a cohort"), _nothing),
    "unoffered_cohort": (N_("{who} does not ask anybody any more to lead {thing}"), _nothing),
    "took_cohort": (N_("{who} leads {thing} from now on"), _nothing),
    "declined_cohort": (N_("{who} does not lead {thing}"), _nothing),
    "showed_in_cohort": (N_("{who} shows a clip of {lesson} in {thing} and confirmed whose faces and voices are in it{more}"), _wording),
    "hid_in_cohort": (N_("{who} stopped showing a clip of {lesson} in {thing}"), _nothing),
    "replied_in_cohort": (N_("{who} answered a colleague in {thing}"), _nothing),
    "removed_cohort_reply": (N_("{who} deleted what they answered a colleague in {thing}"), _nothing),
    "proposed_visits": (N_("{who} proposed to {thing} that each sees a lesson of the other’s"), _nothing),
    "agreed_visits": (N_("{who} agreed to visits in {thing}"), _nothing),
    "named_visit": (N_("{who} named a day for a visit in {thing}"), _nothing),
    "ended_visits": (N_("{who} deleted visits in {thing}"), _nothing),
})  # fmt: skip
"""Each action in words, and what its detail adds as `{more}`."""

THINGS: Final[Mapping[Thing, str]] = MappingProxyType({
    "lesson": "{lesson}",
    "video": N_("the video of {lesson}"),
    "seat_rows": N_("the rows of seats of {lesson}"),
    "notes": N_("the notes of {lesson}"),
    "moments": N_("the moments of {lesson}"),
    "labels": N_("what is kept to learn from {lesson}"),
    "live_page": N_("the live page of room {id}"),
    "room": N_("room {id}"),
    "kit": N_("kit {id}"),
    "person": "{name}",
    "unknown_person": N_("a name that nobody has"),
    "people": N_("the list of people"),
    "token": N_("the token {id}"),
    "settings": N_("the settings"),
    "audit_log": N_("the audit log"),
    "unknown_token": N_("a token that opens nothing"),
    "seat_row_choice": N_("whether they see rows of seats"),
    "coding_sheet": N_("the observers’ sheet of {lesson}"),
    "step": N_("a next step"),
    "imported_lesson": N_("imported lesson {id}"),
    "cycle": N_("a cycle"),
    "form": N_("a form about {lesson}"),
    "site": N_("site {id}"),
    "school_group": N_("group of schools {id}"),
    "wave": N_("wave {id} of the roll-out"),
    "platform": N_("the learning platform {id}"),
    "programme": N_("the programme"),
    "outcomes": N_("the outcomes by class"),
    "month_report": N_("the figures of {id}"),
    "plan": N_("the plan of {lesson}"),
    "deed": N_("what was done about answers"),
    "clip": N_("a clip of {lesson}"),
    "evaluation_plan": N_("the plan of an evaluation {id}"),
    "coverage": N_("how far coaching reached in {id}"),
    "cohort": N_("a cohort"),
    "oversight_pack": N_("an oversight pack, without names and lessons"),
    "worth_sheet": N_("what the programme was worth up to {id}"),
})  # fmt: skip
"""What it was done to."""

# The same by any word: a later version may have written one that this one has not.
_BY_WORD: Final[Mapping[str, tuple[str, _More]]] = {
    str(each): SENTENCES[each] for each in SENTENCES
}
_THING_WORDS: Final[Mapping[str, str]] = {str(each): text for each, text in THINGS.items()}
