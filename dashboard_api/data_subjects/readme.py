"""README.txt of an export: what each file is, in plain words."""

from __future__ import annotations

__all__ = ["readme_text"]

_TEXT = """\
All that Roomtone holds about {name}
Made on {made}, {by}.

Files that end in .json are text. Any text editor opens them, and programs read them. Times have
their distance from UTC behind them.

README.txt
    This text.
account.json
    Your name, the name that you sign in with, your roles, the names that stand for you in
    timetables, whether answers about your lessons are kept to learn from, whether you switched
    on the pages of seat rows, the next steps that you wrote or took over from a coach, your cycles, what you guessed of lessons before you looked, your reflections, the lessons that you read back from files, and what you filled in forms. Your token in the audit log stands for your name there. No password and no key of a second factor is in this
    archive.
sign-in.json
    Where you are signed in: when a session began, when it was last used, and what the browser
    called itself. Links that were made for you and by whom, school accounts that are linked, and
    your tokens for programs, without the secrets themselves. Roomtone does not store network
    addresses.
sharing.json
    What you shared, with whom and until when; what was shared with you and by whom; which parts;
    lessons that you offered or that were offered to you; notices that you have not read; and the
    moments that you marked, the replies and the answers that you gave in lessons of others, with your
    reasons; the next steps that you proposed there, and cycles that are shared with you or that you proposed. A share of a lesson
    that its teacher has hidden is not in it.
audit-by-you.json
    What the audit log has of what you did, the newest first.
audit-about-you.json
    What others did to your account or shared with you.
lessons/
    A folder for each lesson of yours, the oldest first:
    lesson.json
        The lesson, the timetable that it comes from, spans that you left out and why, whether it is
        hidden, moments that people marked with their notes and replies, what others filled in forms once both of
        you were done, the ids of deleted ones, answers about
        moments with the reasons for them, and what is kept of answers to learn from. Spans and moments are in seconds from the lesson's start.
        A moment and an answer say who wrote it, and as what.
    readings.json
        Movement, noise and zones second by second, as the lesson's page shows them. Movement has a
        value for each five seconds. What could not be sensed is a gap with its reason. Spans that
        you left out are not in it. null means that there is no value.
    moments-on-the-page.json
        The moments as the page lists them, also those that the program suggests.
    audit.json
        Who looked at the lesson, and what was done with it.

Not in this archive: values of single seats, which are about pupils and have no names; the file of a
lesson's video, which the lesson's page plays; backups, which are copies of the same; and your
name where somebody wrote it into a note or a title, because no program can find it there.
"""


def readme_text(name: str, made: str, by: str) -> str:
    """The text; `made` is the day, `by` says by whom."""
    return _TEXT.format(name=name, made=made, by=by)
