"""README.txt of an export: what each file is, in plain words."""

from __future__ import annotations

import textwrap
from typing import Final

from contract.language import N_, _

__all__ = ["readme_text"]

_WIDTH: Final = 100
_INDENT: Final = "    "
_BEFORE: Final = N_(
    "Files that end in .json are text. Any text editor opens them, and programs read them. Times "
    "have their distance from UTC behind them."
)
_FILES: Final = {
    "README.txt": N_("This text."),
    "account.json": N_(
        "Your name, the name that you sign in with, your roles, the names that stand for you in "
        "timetables, whether answers about your lessons are kept to learn from, whether you switched "
        "on the pages of seat rows, the next steps that you wrote or took over from a coach, your "
        "cycles, what you guessed of lessons before you looked, your reflections, the lessons that "
        "you read back from files, and what you filled in forms. Your token in the audit log stands "
        "for your name there. No password and no key of a second factor is in this archive."
    ),
    "sign-in.json": N_(
        "Where you are signed in: when a session began, when it was last used, and what the browser "
        "called itself. Links that were made for you and by whom, school accounts that are linked, "
        "and your tokens for programs, without the secrets themselves. Roomtone does not store "
        "network addresses."
    ),
    "sharing.json": N_(
        "What you shared, with whom and until when; what was shared with you and by whom; which "
        "parts; lessons that you offered or that were offered to you; notices that you have not "
        "read; and the moments that you marked, the replies and the answers that you gave in lessons "
        "of others, with your reasons; the next steps that you proposed there, and cycles that are "
        "shared with you or that you proposed. A share of a lesson that its teacher has hidden is "
        "not in it."
    ),
    "audit-by-you.json": N_("What the audit log has of what you did, the newest first."),
    "audit-about-you.json": N_("What others did to your account or shared with you."),
    "lessons/": N_("A folder for each lesson of yours, the oldest first:"),
}
_OF_A_LESSON: Final = {
    "lesson.json": N_(
        "The lesson, the timetable that it comes from, spans that you left out and why, whether it "
        "is hidden or its sensing is paused, moments that people marked with their notes and "
        "replies, what others filled in forms once both of you were done, the ids of deleted ones, "
        "answers about moments with the reasons for them, and what is kept of answers to learn "
        "from. Spans and moments are in "
        "seconds from the lesson's start. A moment and an answer say who wrote it, and as what."
    ),
    "readings.json": N_(
        "Movement, noise and zones second by second, as the lesson's page shows them. Movement has a "
        "value for each five seconds. What could not be sensed is a gap with its reason. Spans that "
        "you left out are not in it. null means that there is no value."
    ),
    "moments-on-the-page.json": N_(
        "The moments as the page lists them, also those that the program suggests."
    ),
    "audit.json": N_("Who looked at the lesson, and what was done with it."),
}
_AFTER: Final = N_(
    "Not in this archive: values of single seats, which are about pupils and have no names; the file "
    "of a lesson's video, which the lesson's page plays; backups, which are copies of the same; and "
    "your name where somebody wrote it into a note or a title, because no program can find it there."
)


def readme_text(name: str, made: str, by: str) -> str:
    """The text; `made` is the day, `by` says by whom."""
    parts = [
        _("All that Roomtone holds about {name}", name=name),
        _("Made on {day}, {by}.", day=made, by=by),
        "",
        _lines(_(_BEFORE)),
        "",
        *_described(_FILES, ""),
        *_described(_OF_A_LESSON, _INDENT),
        "",
        _lines(_(_AFTER)),
    ]
    return "\n".join(parts) + "\n"


def _described(files: dict[str, str], indent: str) -> list[str]:
    return [
        f"{indent}{file}\n{_lines(_(words), indent + _INDENT)}" for file, words in files.items()
    ]


def _lines(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent=indent, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
