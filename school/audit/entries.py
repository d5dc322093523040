"""An entry of the audit log as people read it: one sentence in plain words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from school.audit.records import Action, Detail, Thing

__all__ = [
    "FILE_WORDS",
    "REASON_WORDS",
    "REMOVAL_WORDS",
    "ROLE_WORDS",
    "SENTENCES",
    "SOMEONE_GONE",
    "THINGS",
    "Entry",
]

SOMEONE_GONE: Final = "a person who left"
_LATER: Final = " (a later version of Roomtone says more about it)"

# Entries stay for years: a word that is no longer used elsewhere stays here.
ROLE_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "teacher": "teacher",
    "coach": "coach",
    "technician": "technician",
    "administrator": "school administrator",
    "privacy_officer": "data protection officer",
})  # fmt: skip
REASON_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "fire_drill": "fire drill",
    "interruption": "interruption",
    "break": "break, no teaching",
    "technical": "technical trouble",
    "private": "something private",
    "other": "another reason",
})  # fmt: skip
"""Why a span was left out."""
REMOVAL_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "by_hand": "because they asked for it",
    "replaced": "because a new one is there",
    "kept_long_enough": "because it was kept for as long as the school keeps videos",
    "unfinished": "because its upload was never finished",
    "key_gone": "because its key was gone",
})  # fmt: skip
"""Why a video was removed."""
FILE_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "table": "its table",
    "notes": "its notes and moments",
    "chapters": "its chapters",
    "moment_track": "its moments for a player",
    "record": "the record of its debrief",
    "next_visit": "the next visit for a calendar",
    "bundle": "all of it",
})  # fmt: skip
"""What of a lesson was taken as a file."""


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
        is_command = self.is_program and self.who.startswith("roomtone ")
        return f"the command “{self.who}”" if is_command else self.who

    def sentence_on(self, lesson: str | None) -> str:
        """The same on the page of a lesson, which is not named there but called "this lesson"."""
        said = _Said(self.detail)
        of_lesson = _lesson(self.lesson or "?", lesson)
        what = self._what(lesson)
        known = _BY_WORD.get(self.action)
        if known is None:
            did = f"did something to {what} that a later version of Roomtone has a word for"
        else:
            template, more = known
            did = template.format(
                thing=what, of=_Of(what, is_own=self.is_own), lesson=of_lesson, more=more(said)
            )
        whom = self.who_words
        who = whom[:1].upper() + whom[1:]
        return f"{who} {did}{_LATER if known is not None and said.unread else ''}"

    def _what(self, lesson: str | None) -> str:
        words = _THING_WORDS.get(self.thing)
        if words is None:
            return "something"
        name = "themselves" if self.is_own else self.thing_name
        return words.format(id=self.thing_id, lesson=_lesson(self.thing_id, lesson), name=name)


class _Of:
    """`{of:password}` in a sentence: "their own password", or "the password of Kim Roth"."""

    def __init__(self, whose: str, *, is_own: bool) -> None:
        self._whose = whose
        self._is_own = is_own

    def __format__(self, what: str) -> str:
        return f"their own {what}" if self._is_own else f"the {what} of {self._whose}"


class _Said:
    """What an entry adds, and which of it no word was found for."""

    def __init__(self, detail: Detail) -> None:
        self._detail = detail
        self._unread = set(detail)

    @property
    def unread(self) -> bool:
        return bool(self._unread)

    def number(self, key: str) -> int | None:
        value = self._detail.get(key)
        if not isinstance(value, int):
            return None
        self._unread.discard(key)
        return value

    def word(self, key: str, words: Mapping[str, str]) -> str:
        """The words for a value of a closed list; empty if it is not there, or of a later version."""
        found = words.get(str(self._detail.get(key, "")), "")
        if found:
            self._unread.discard(key)
        return found

    def marked(self, words: Mapping[str, str]) -> list[str]:
        """The words of the keys that are there."""
        found = [key for key in words if key in self._detail]
        self._unread.difference_update(found)
        return [words[key] for key in found]


def _nothing(_: _Said) -> str:
    return ""


def _shared(said: _Said) -> str:
    parts = said.number("parts")
    of = "" if parts is None else f": {_count(parts, 'part')} of it,"
    return f"{of}{_days(said)}"


def _span(said: _Said) -> str:
    """From when to when in the lesson, and why."""
    start, end = said.number("start_s"), said.number("end_s")
    span = "a span"
    if start is not None and end is not None:
        span = f"minutes {_minutes(start)} to {_minutes(end)}"
    reason = said.word("reason", REASON_WORDS)
    return f"{span} ({reason})" if reason else span


def _rights(said: _Said) -> str:
    lessons = said.number("lessons")
    if lessons is not None:
        whose = (
            f"{_count(lessons, 'lesson')} became theirs" if lessons else "no lesson became theirs"
        )
        return f": a name in timetables means them now, and {whose}"
    roles = said.marked(ROLE_WORDS)
    if not roles:
        return ": they have no role now"
    return f": their {'role is' if len(roles) == 1 else 'roles are'} {_joined(roles)} now"


def _token(said: _Said) -> str:
    role = said.word("role", ROLE_WORDS)
    return (f" for the role {role}" if role else "") + _days(said)


def _invited(said: _Said) -> str:
    return " again" if said.number("again") else ""


def _switched(said: _Said) -> str:
    return "".join(f": {state} now" for state in said.marked({"on": "on", "off": "off"}))


def _factor(said: _Said) -> str:
    return "removed" if said.number("removed") else "changed"


def _looks_gone(said: _Said) -> str:
    looks = said.number("looks")
    if not looks:
        return ""
    return f": {_count(looks, 'look')} {'was' if looks == 1 else 'were'} removed"


def _to_whom(said: _Said) -> str:
    words = said.marked({"on": "to those who see", "off": "to nobody else who sees"})
    return words[0] if words else "to some who see"


def _went(said: _Said) -> str:
    went = said.word("went", {"done": "done", "going_on": "going on", "dropped": "dropped"})
    return f": {went}" if went else ""


def _why(said: _Said) -> str:
    why = said.word("why", REMOVAL_WORDS)
    return f", {why}" if why else ""


def _wording(said: _Said) -> str:
    """The hash of what was confirmed is for who checks it, and in no sentence."""
    said.marked({"wording": ""})
    return ""


def _file(said: _Said) -> str:
    words = said.word("file", FILE_WORDS)
    return f": {words}" if words else ""


def _days(said: _Said) -> str:
    days = said.number("days")
    if days is None:
        return ""
    return f" for {_count(days, 'day')}" if days > 0 else " until the end of the day"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _joined(parts: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def _minutes(second: int) -> str:
    """A time in the lesson; always in minutes, so that nobody takes it for one of a clock."""
    return f"{second // 60}:{second % 60:02}"


def _lesson(lesson_id: str, here: str | None) -> str:
    return "this lesson" if lesson_id == here else f"lesson {lesson_id}"


_More = Callable[[_Said], str]

SENTENCES: Final[Mapping[Action, tuple[str, _More]]] = MappingProxyType({
    "saw": ("looked at {thing}", _nothing),
    "exported": ("exported {thing}{more}", _file),
    "shared": ("shared {lesson} with {thing}{more}", _shared),
    "unshared": ("stopped sharing {lesson} with {thing}", _nothing),
    "hid": ("hid {thing}", _nothing),
    "unhid": ("showed {thing} again", _nothing),
    "excluded": ("left out {more} of {lesson}", _span),
    "included": ("took {more} of {lesson} in again", _span),
    "handed_over": ("handed {lesson} over to {thing}", _nothing),
    "took_over": ("took {lesson} over, to teach it for someone else", _nothing),
    "deleted": ("asked to delete {thing}", _nothing),
    "purged": ("removed {thing} for good{more}", _why),
    "signed_in": ("signed in", _nothing),
    "signed_out": ("signed out", _nothing),
    "sign_in_failed": ("refused an attempt to sign in as {thing}", _nothing),
    "ended_sessions": ("ended {of:sessions}", _nothing),
    "changed_password": ("changed {of:password}", _nothing),
    "changed_second_factor": ("{more} {of:second factor}", _factor),
    "invited": ("invited {thing}{more}", _invited),
    "redeemed": ("used a link to choose how they sign in", _nothing),
    "reset_sent": ("made a link for {thing} to choose a new password", _nothing),
    "changed_rights": ("changed {of:rights}{more}", _rights),
    "changed_settings": ("changed {thing}{more}", _switched),
    "made_token": ("made {thing}{more}", _token),
    "revoked_token": ("revoked {thing}", _nothing),
    "anonymised": ("removed {of:name}", _nothing),
    "refused_token": ("refused {thing}", _nothing),
    "linked_account": ("linked a school account to {thing}", _nothing),
    "unlinked_account": ("removed {of:linked school account}", _nothing),
    "offered": ("offered {lesson} to {thing}", _nothing),
    "ended_offer": ("ended the offer of {lesson}", _nothing),
    "exported_held": ("exported all that is held about {thing}", _nothing),
    "asked_observer": ("asked {thing} to observe {lesson}", _nothing),
    "ended_observing": ("took back the request to {thing} to observe {lesson}{more}", _looks_gone),
    "withdrew_looks": ("stopped observing {lesson}{more}", _looks_gone),
    "wrote_step": ("wrote {thing}", _nothing),
    "proposed_step": ("proposed {thing}", _nothing),
    "accepted_step": ("took over {thing} that was proposed", _nothing),
    "reported_step": ("said how {thing} went{more}", _went),
    "removed_step": ("removed {thing}", _nothing),
    "confirmed_consent": ("confirmed who may be filmed in {lesson}", _wording),
    "uploaded": ("added {thing}", _nothing),
    "imported": ("read {thing} from a file", _nothing),
    "removed_imported": ("deleted {thing}", _nothing),
    "showed_guess": ("shows their guess {more} {lesson}", _to_whom),
    "wrote_cycle": ("wrote {thing}", _nothing),
    "proposed_cycle": ("proposed {thing}", _nothing),
    "accepted_cycle": ("took over {thing} that was proposed", _nothing),
    "closed_cycle": ("closed {thing}", _nothing),
    "removed_cycle": ("removed {thing}", _nothing),
    "shared_cycle": ("shared their cycle with {thing}", _nothing),
    "unshared_cycle": ("stopped sharing their cycle with {thing}", _nothing),
    "finished_form": ("was done with {thing}, which who fills it too may see then", _nothing),
    "removed_form": ("removed what they filled of {thing}", _nothing),
})  # fmt: skip
"""Each action in the words after the name of who did it, and what its detail adds as `{more}`."""

THINGS: Final[Mapping[Thing, str]] = MappingProxyType({
    "lesson": "{lesson}",
    "video": "the video of {lesson}",
    "seat_rows": "the rows of seats of {lesson}",
    "notes": "the notes of {lesson}",
    "moments": "the moments of {lesson}",
    "labels": "what is kept to learn from {lesson}",
    "live_page": "the live page of room {id}",
    "room": "room {id}",
    "kit": "kit {id}",
    "person": "{name}",
    "unknown_person": "a name that nobody has",
    "people": "the list of people",
    "token": "the token {id}",
    "settings": "the settings",
    "audit_log": "the audit log",
    "unknown_token": "a token that opens nothing",
    "seat_row_choice": "whether they see rows of seats",
    "coding_sheet": "the observers’ sheet of {lesson}",
    "step": "a next step",
    "imported_lesson": "imported lesson {id}",
    "cycle": "a cycle",
    "form": "a form about {lesson}",
})  # fmt: skip
"""What it was done to."""

# The same by any word: a later version may have written one that this one has not.
_BY_WORD: Final[Mapping[str, tuple[str, _More]]] = {
    str(each): SENTENCES[each] for each in SENTENCES
}
_THING_WORDS: Final[Mapping[str, str]] = {str(each): text for each, text in THINGS.items()}
