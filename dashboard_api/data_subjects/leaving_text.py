"""What will happen when someone leaves, in plain words: for the page and the command."""

from __future__ import annotations

from collections.abc import Callable

from contract.language import _, ngettext
from school.people.data_subjects.leaving import LeavingPlan

__all__ = ["what_goes", "what_stays"]


def what_goes(plan: LeavingPlan) -> list[str]:
    """What is removed at once."""
    own = plan.own
    way_in = [
        _("the password, the second factor and the roles"),
        *_counted(own["sessions"], lambda n: ngettext("{n} session", "{n} sessions", n)),
        *_counted(
            own["tokens"],
            lambda n: ngettext("{n} token for programs", "{n} tokens for programs", n),
        ),
        *_counted(
            own["accounts"],
            lambda n: ngettext("{n} linked school account", "{n} linked school accounts", n),
        ),
        *_counted(
            own["accounts of learning platforms"],
            lambda n: ngettext(
                "{n} linked account of a learning platform",
                "{n} linked accounts of learning platforms",
                n,
            ),
        ),
        *_counted(
            own["invitations"],
            lambda n: ngettext(
                "{n} link to choose a password", "{n} links to choose a password", n
            ),
        ),
    ]
    shared = [
        *_counted(
            plan.shares_by_them,
            lambda n: ngettext("{n} share of their lessons", "{n} shares of their lessons", n),
        ),
        *_counted(
            own["shares to them"],
            lambda n: ngettext("{n} share with them", "{n} shares with them", n),
        ),
    ]
    others = _(
        "open offers, requests to observe, next steps, guesses, reflections, what they filled in forms"
    )
    lines = [
        _(
            "the name {name} and the name to sign in with, from the account and the audit log",
            name=plan.name,
        ),
        ", ".join(way_in),
        ", ".join([*shared, others]),
    ]
    if plan.teacher_names:
        lines.append(
            _(
                "in lessons that have begun, the teacher’s name {names}; and what was kept with their "
                "leave to learn from",
                names=", ".join(plan.teacher_names),
            )
        )
    return lines


def what_stays(plan: LeavingPlan, *, deletes_lessons: bool = False) -> list[str]:
    """What others keep, and what no program can find."""
    lines = [
        _("what they did, in the audit log and where others keep it: it reads “a person who left”"),
        _(
            "what they saw as an observer of lessons, without their name, for the figures about the "
            "model"
        ),
    ]
    if plan.lessons and not deletes_lessons:
        lines.append(
            ngettext(
                "{n} lesson of theirs, unless you choose to delete: opened to nobody, until retention "
                "takes what was sensed",
                "{n} lessons of theirs, unless you choose to delete: opened to nobody, until retention "
                "takes what was sensed",
                plan.lessons,
            )
        )
    if plan.coming:
        lines.append(
            ngettext(
                "{n} coming lesson with the teacher’s name in the timetable: nobody’s, until you say "
                "whose, or import a new timetable",
                "{n} coming lessons with the teacher’s name in the timetable: nobody’s, until you say "
                "whose, or import a new timetable",
                plan.coming,
            )
        )
    lines += [
        _(
            "their name in titles, notes and timetables that people wrote: no program can find it "
            "there"
        ),
        _(
            "the name in backups made before: restore them with the record of purges, or remove them"
        ),
    ]
    return lines


def _counted(n: int, words: Callable[[int], str]) -> list[str]:
    """How many there are, unless there are none."""
    return [words(n)] if n else []
