"""Words of closed lists that stand in the audit log, as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from contract.language import N_

__all__ = [
    "COMMAND_WORDS",
    "DESCRIPTION_WORDS",
    "FILE_WORDS",
    "OWN_WORDS",
    "REASON_WORDS",
    "REMOVAL_WORDS",
    "ROLE_WORDS",
]

# Entries stay for years: a word that is no longer used elsewhere stays here.
ROLE_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "teacher": N_("teacher"),
    "coach": N_("coach"),
    "technician": N_("technician"),
    "administrator": N_("school administrator"),
    "privacy_officer": N_("data protection officer"),
})  # fmt: skip
REASON_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "fire_drill": N_("fire drill"),
    "interruption": N_("interruption"),
    "break": N_("break, no teaching"),
    "technical": N_("technical trouble"),
    "private": N_("something private"),
    "other": N_("another reason"),
})  # fmt: skip
"""Why a span was left out."""
REMOVAL_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "by_hand": N_("because they asked for it"),
    "replaced": N_("because a new one is there"),
    "kept_long_enough": N_("because it was kept for as long as the school keeps videos"),
    "unfinished": N_("because its upload was never finished"),
    "key_gone": N_("because its key was gone"),
    "end_date": N_("because its last day was over"),
    "video_removed": N_("because the video that it was cut from was removed"),
    "left_out": N_("because a part that is in it was left out"),
    "owner_changed": N_("because the teacher who cut it does not have the lesson any more"),
})  # fmt: skip
"""Why a video was removed."""
FILE_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "table": N_("its table"),
    "notes": N_("its notes and moments"),
    "chapters": N_("its chapters"),
    "moment_track": N_("its moments for a player"),
    "record": N_("the record of its debrief"),
    "next_visit": N_("the next visit for a calendar"),
    "bundle": N_("all of it"),
    "evaluation_pack": N_("its files for an evaluation"),
})  # fmt: skip
"""What of a lesson or of the programme was taken as a file."""
COMMAND_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "identify": N_("show which one it is"),
    "restart": N_("start again"),
    "pause": N_("pause"),
    "resume": N_("resume"),
    "start": N_("sense without a lesson"),
    "stop": N_("stop sensing"),
    "release": N_("no longer pause its room by its button"),
})  # fmt: skip
"""What a kit was asked to do."""
DESCRIPTION_WORDS: Final[Mapping[str, str]] = MappingProxyType({
    "title": N_("its title"),
    "site": N_("its site"),
    "plan": N_("its plan of seats"),
    "zones": N_("its zones"),
    "hubs": N_("its hubs"),
    "sound": N_("where its sound levels come from"),
    "school": N_("to which school they belong"),
})  # fmt: skip
"""What of the description of a site, a room, a kit or a person was changed."""
OWN_WORDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({
    "sessions": (N_("their own sessions"), N_("the sessions of {whom}")),
    "password": (N_("their own password"), N_("the password of {whom}")),
    "rights": (N_("their own rights"), N_("the rights of {whom}")),
    "name": (N_("their own name"), N_("the name of {whom}")),
    "account": (
        N_("their own linked school account"), N_("the linked school account of {whom}")
    ),
    "removed_factor": (
        N_("removed their own second factor"), N_("removed the second factor of {whom}")
    ),
    "changed_factor": (
        N_("changed their own second factor"), N_("changed the second factor of {whom}")
    ),
})  # fmt: skip
"""What is done to oneself, and to others."""
