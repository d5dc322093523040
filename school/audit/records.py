"""What the audit log records; `entries.py` has the words in which people read it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

__all__ = [
    "MAX_DETAIL_BYTES",
    "Action",
    "Detail",
    "Event",
    "ExportedFile",
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
    "asked_observer", "ended_observing", "withdrew_looks",
    "wrote_step", "proposed_step", "accepted_step", "reported_step", "removed_step",
    "confirmed_consent", "uploaded",
    "showed_guess",
    "imported", "removed_imported",
    "wrote_cycle", "proposed_cycle", "accepted_cycle", "closed_cycle", "removed_cycle",
    "shared_cycle", "unshared_cycle",
    "finished_form", "removed_form",
    "paused", "resumed", "configured", "commanded",
    "described", "changed_description", "removed_description", "made_code", "locked_out",
    "added_platform", "changed_platform", "removed_platform", "linked_platform", "unlinked_platform",
    "synced_roster",
    "released",
    "wrote_plan", "removed_plan",
    "made_clip", "showed_clip", "hid_clip",
    "passed_steps",
    "counted",
    "fixed",
    "made_cohort", "invited_to_cohort", "removed_from_cohort", "joined_cohort", "left_cohort",
    "ended_cohort", "set_task", "handed_answer", "removed_answer", "changed_task", "ended_task",
    "wrote_pack",
    "offered_cohort", "took_cohort", "declined_cohort", "showed_in_cohort", "hid_in_cohort",
    "replied_in_cohort", "removed_cohort_reply", "proposed_visits", "agreed_visits", "named_visit",
    "ended_visits",
    "took_back_steps",
    "unoffered_cohort",
]  # fmt: skip
"""What was done. An action is added at the end of the list, and none is given another meaning."""

Thing = Literal[
    "lesson", "video", "seat_rows", "notes", "moments", "labels", "live_page", "room", "kit",
    "person", "unknown_person", "people", "token", "settings", "audit_log",
    "unknown_token", "seat_row_choice", "coding_sheet", "step", "imported_lesson", "cycle",
    "form", "site", "school_group", "wave", "platform", "programme", "outcomes",
    "month_report", "plan", "deed", "clip", "coverage", "evaluation_plan", "cohort",
    "oversight_pack", "worth_sheet",
]  # fmt: skip
"""What it was done to. The id of a person is their token, so that no name stands in the log."""

ExportedFile = Literal[
    "table",
    "notes",
    "chapters",
    "moment_track",
    "record",
    "next_visit",
    "bundle",
    "evaluation_pack",
]
"""What of a lesson, or of the programme, somebody takes with them as a file."""

MAX_DETAIL_BYTES: Final = 500
_MAX_NUMBER: Final = 1 << 53
_END_NS: Final = 1 << 63
_TOKEN: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_ID: Final = re.compile(r"[!-~]{1,200}", re.ASCII)
"""Ids have neither blanks nor letters that two databases could keep differently."""
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,29}", re.ASCII)
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)

Detail = Mapping[str, int | str]
"""Whole numbers, words of closed lists and names of rooms, such as {"role": "coach"}; no content."""


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
