"""What will happen when someone leaves, in plain words: for the page and the command."""

from __future__ import annotations

from school.people.leaving import LeavingPlan

__all__ = ["what_goes", "what_stays"]


def what_goes(plan: LeavingPlan) -> list[str]:
    """What is removed at once."""
    own = plan.own
    sign_in = (
        f"{_counted(own['sessions'], 'session')}, "
        f"{_counted(own['tokens'], 'token for programs', 'tokens for programs')}, "
        f"{_counted(own['accounts'], 'linked school account')} and "
        f"{_counted(own['invitations'], 'invitation')}"
    )
    to_them = _counted(own["shares to them"], "share")
    by_them = _counted(plan.shares_by_them, "share")
    lines = [
        f"the name {plan.name} and the name to sign in with, from the account and the audit log",
        f"the password, the second factor, the roles, {sign_in}",
        f"{to_them} with them, {by_them} by them, and open offers",
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
    lines = ["what they did, in the audit log and for others, by “a person who left”"]
    if plan.lessons and not deletes_lessons:
        lines.append(
            f"{_counted(plan.lessons, 'lesson')} of theirs, unless you choose to delete: opened to nobody, "
            "until retention takes what was sensed"
        )
    if plan.coming:
        lines.append(
            f"{_counted(plan.coming, 'coming lesson')} with the teacher’s name in the timetable: "
            "nobody’s, until you say whose, or import a new timetable"
        )
    lines += [
        "their name in titles, notes and timetables that people wrote: no program can find it there",
        "backups made before, which still have the name: restore them with --purges, or remove them",
    ]
    return lines


def _counted(n: int, one: str, many: str | None = None) -> str:
    return f"1 {one}" if n == 1 else f"{n} {many or one + 's'}"
