"""What the audit log records, and how each kind of entry reads in plain words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

__all__ = [
    "ACTIONS",
    "MAX_DETAIL_BYTES",
    "SOMEONE_GONE",
    "THINGS",
    "Action",
    "Detail",
    "Entry",
    "Event",
    "Thing",
    "detail_text",
]

Action = Literal[
    "saw", "exported", "shared", "unshared", "hid", "unhid", "excluded", "included", "handed_over",
    "took_over", "deleted", "purged", "signed_in", "signed_out", "sign_in_failed", "ended_sessions",
    "changed_password", "changed_second_factor", "invited", "redeemed", "reset_sent",
    "changed_rights", "changed_settings", "made_token", "revoked_token", "anonymised",
    "refused_token",
    "linked_account", "unlinked_account",
    "offered", "ended_offer",
    "exported_held",
]  # fmt: skip
"""What was done. An action is added at the end of the list, and none is given another meaning."""

ACTIONS: Final[Mapping[Action, str]] = {
    "saw": "looked at {thing}",
    "exported": "exported {thing}",
    "shared": "shared lesson {lesson} with {thing}",
    "unshared": "stopped sharing lesson {lesson} with {thing}",
    "hid": "hid {thing}",
    "unhid": "showed {thing} again",
    "excluded": "left out a span of lesson {lesson}",
    "included": "took in a span of lesson {lesson} again",
    "handed_over": "handed lesson {lesson} over to {thing}",
    "took_over": "took lesson {lesson} over",
    "deleted": "asked to delete {thing}",
    "purged": "removed {thing} for good",
    "signed_in": "signed in",
    "signed_out": "signed out",
    "sign_in_failed": "refused an attempt to sign in as {thing}",
    "ended_sessions": "ended the sessions of {thing}",
    "changed_password": "changed the password of {thing}",
    "changed_second_factor": "changed the second factor of {thing}",
    "invited": "invited {thing}",
    "redeemed": "accepted an invitation",
    "reset_sent": "sent {thing} a link to set a new password",
    "changed_rights": "changed the rights of {thing}",
    "changed_settings": "changed {thing}",
    "made_token": "made {thing}",
    "revoked_token": "revoked {thing}",
    "anonymised": "removed the name of {thing}",
    "refused_token": "refused {thing}",
    "linked_account": "linked a school account to {thing}",
    "unlinked_account": "removed a school account of {thing}",
    "offered": "offered lesson {lesson} to {thing}",
    "ended_offer": "ended the offer of lesson {lesson}",
    "exported_held": "exported all that is held about {thing}",
}
"""Each action in the words after the name of who did it."""

Thing = Literal[
    "lesson", "video", "seat_rows", "notes", "moments", "labels", "live_page", "room", "kit",
    "person", "unknown_person", "people", "token", "settings", "audit_log",
    "unknown_token", "seat_row_choice",
]  # fmt: skip

THINGS: Final[Mapping[Thing, str]] = {
    "lesson": "lesson {id}",
    "video": "the video of lesson {id}",
    "seat_rows": "the rows of seats of lesson {id}",
    "notes": "the notes of lesson {id}",
    "moments": "the moments of lesson {id}",
    "labels": "what is kept to learn from lesson {id}",
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
    "seat_row_choice": "their setting for rows of seats",
}
"""What it was done to. The id of a person is their token, so that no name stands in the log."""

# The same by any word: a later version may have written one that this one has not.
_ACTION_WORDS: Final[Mapping[str, str]] = {str(each): text for each, text in ACTIONS.items()}
_THING_WORDS: Final[Mapping[str, str]] = {str(each): text for each, text in THINGS.items()}

SOMEONE_GONE: Final = "a person who left"
MAX_DETAIL_BYTES: Final = 500
_MAX_NUMBER: Final = 1 << 53
_END_NS: Final = 1 << 63
_TOKEN: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_ID: Final = re.compile(r"[!-~]{1,200}", re.ASCII)
"""Ids have neither blanks nor letters that two databases could keep differently."""
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,29}", re.ASCII)
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)

Detail = Mapping[str, int | str]
"""Whole numbers and words of closed lists, such as {"role": "coach", "days": 14}; no content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that was done, to be appended; raises ValueError for what may not stand there."""

    at_utc_ns: int
    actor: str
    """The token of who did it, from `names.actor_of` or `names.actor_of_program`."""
    action: Action
    thing: Thing
    thing_id: str = ""
    """Empty for what there is once, such as the list of people."""
    lesson: str | None = None
    """The lesson that it touches: its teacher reads the entry."""
    detail: Detail = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.at_utc_ns < _END_NS:
            raise ValueError(f"at_utc_ns is {self.at_utc_ns}, expected nanoseconds since 1970")
        if not _TOKEN.fullmatch(self.actor):
            raise ValueError("actor is no token of audit_names")
        if self.action not in get_args(Action) or self.thing not in get_args(Thing):
            raise ValueError(f"{self.action} {self.thing} is nothing that the audit log knows")
        if self.thing == "person" and not _TOKEN.fullmatch(self.thing_id):
            raise ValueError("a person stands in the audit log by their token alone")
        for name, text, is_none in (
            ("thing_id", self.thing_id, self.thing_id == ""),
            ("lesson", self.lesson or "", self.lesson is None),
        ):
            if not is_none and not _ID.fullmatch(text):
                raise ValueError(f"{name} is {text[:50]!r}, expected an id of 1 to 200 characters")
        detail_text(self.detail)


def detail_text(detail: Detail) -> str:
    """A detail as it is kept: JSON with sorted keys and no blanks. Raises ValueError."""
    for key, value in detail.items():
        is_number = type(value) is int and abs(value) <= _MAX_NUMBER
        is_word = isinstance(value, str) and _WORD.fullmatch(value) is not None
        if not _KEY.fullmatch(key) or not (is_number or is_word):
            raise ValueError(f"detail {key[:30]!r} is neither a whole number nor a word of a list")
    text = json.dumps(dict(detail), sort_keys=True, separators=(",", ":"))
    if len(text) > MAX_DETAIL_BYTES:
        raise ValueError(f"detail has {len(text)} bytes; at most {MAX_DETAIL_BYTES} are kept")
    return text


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

    @property
    def sentence(self) -> str:
        """In plain words, such as "Ada Okafor shared lesson maths-1 with Kim Roth (days 14)"."""
        thing, words = _THING_WORDS.get(self.thing), _ACTION_WORDS.get(self.action)
        what = (
            f"{self.thing} {self.thing_id}".rstrip()
            if thing is None
            else thing.format(id=self.thing_id, name=self.thing_name)
        )
        did = (
            f"did {self.action} to {what}"
            if words is None
            else words.format(thing=what, lesson=self.lesson or "?")
        )
        who = self.who[:1].upper() + self.who[1:]
        detail = ", ".join(
            key if value == "yes" else f"{key} {value}" for key, value in self.detail.items()
        )
        return f"{who} {did}" + (f" ({detail})" if detail else "")
