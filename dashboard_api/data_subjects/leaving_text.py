"""What will happen when someone leaves, in plain words: for the page and the command."""

from __future__ import annotations

from school.people.data_subjects.leaving import LeavingPlan

__all__ = ["what_goes", "what_stays"]


def what_goes(plan: LeavingPlan) -> list[str]:
    """What is removed at once."""
    own = plan.own
    way_in = [
        "the password, the second factor and the roles",
        *_counted(own["sessions"], "session"),
        *_counted(own["tokens"], "token for programs", "tokens for programs"),
        *_counted(own["accounts"], "linked school account"),
        *_counted(own["invitations"], "link to choose a password", "links to choose a password"),
    ]
    shared = [
        *_counted(plan.shares_by_them, "share of their lessons", "shares of their lessons"),
        *_counted(own["shares to them"], "share with them", "shares with them"),
    ]
    lines = [
        f"the name {plan.name} and the name to sign in with, from the account and the audit log",
        ", ".join(way_in),
        ", ".join(
            [
                *shared,
                "open offers",
                "requests to observe",
                "next steps",
                "guesses",
                "reflections",
                "what they filled in forms",
            ]
        ),
    ]
    if plan.teacher_names:
        named = ", ".join(plan.teacher_names)
        lines.append(
            f"in lessons that have begun, the teacher’s name {named}; and what was kept with their "
            "leave to learn from"
        )
    return lines


def what_stays(plan: LeavingPlan, *, deletes_lessons: bool = False) -> list[str]:
    """What others keep, and what no program can find."""
    lines = [
        "what they did, in the audit log and where others keep it: it reads “a person who left”",
        "what they saw as an observer of lessons, without their name, for the figures about the model",
    ]
    if plan.lessons and not deletes_lessons:
        count = _number(plan.lessons, "lesson", "lessons")
        lines.append(
            f"{count} of theirs, unless you choose to delete: opened to nobody, until retention takes "
            "what was sensed"
        )
    if plan.coming:
        count = _number(plan.coming, "coming lesson", "coming lessons")
        lines.append(
            f"{count} with the teacher’s name in the timetable: nobody’s, until you say whose, or "
            "import a new timetable"
        )
    lines += [
        "their name in titles, notes and timetables that people wrote: no program can find it there",
        "the name in backups made before: restore them with the record of purges, or remove them",
    ]
    return lines


def _counted(n: int, one: str, many: str | None = None) -> list[str]:
    """How many there are, unless there are none."""
    return [_number(n, one, many or f"{one}s")] if n else []


def _number(n: int, one: str, many: str) -> str:
    return f"1 {one}" if n == 1 else f"{n} {many}"
