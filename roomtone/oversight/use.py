"""What people did, in counts: the audit log by action and month, and who shares with whom."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, select

from contract.clock import SystemClock
from roomtone.oversight.blocks import Block, Bullets, Document, Grid, Heading, Paragraph
from roomtone.oversight.situation import Situation
from school.audit.verify import Verdict, Verification
from school.people.records import ROLES
from school.programme.small_groups import shown_unions
from school.schema import audit_events, audit_names, hidden_lessons, lesson_owners, roles, shares

__all__ = ["use"]

_OF_OFFICE: Final = frozenset(
    {
        "anonymised", "changed_description", "changed_rights", "commanded", "configured",
        "described", "invited", "locked_out", "made_code", "purged", "refused_token",
        "removed_description", "reset_sent", "sign_in_failed", "wrote_pack",
    }
)  # fmt: skip
"""What those who run the system do, and refusals: counted in any case."""
_EVENTS: Final = audit_events.c
_ALL: Final = (
    select(_EVENTS.at_utc_ns, _EVENTS.action, _EVENTS.detail, audit_names.c.person)
    .outerjoin_from(audit_events, audit_names, audit_names.c.actor == _EVENTS.actor)
    .order_by(_EVENTS.number)
)
_AT_ONCE: Final = 5_000


def use(now: Situation) -> tuple[Document, bool]:
    """The document, and whether the audit log is as it was written."""
    verdict = Verification(
        database=now.database, directory=now.settings.data_dir, clock=SystemClock(), say=_quiet
    ).run()
    document = Document(
        name="use", title="Use: the audit log, sharing and exports",
        about="What was done, by action and month; how many share with whom; what was taken out.",
        blocks=tuple(_blocks(now, verdict)),
    )  # fmt: skip
    return document, verdict.n_faults == 0


def _quiet(_line: str) -> None:
    """A pack has no progress to report."""


def _blocks(now: Situation, verdict: Verdict) -> Iterator[Block]:
    actions, exports = _counted(now)
    rows = tuple(_by_month(now, actions)), tuple(_by_month(now, exports))
    yield Heading("Whether the audit log is whole")
    yield from _whole(now, verdict, hides=any(row.is_hidden for each in rows for row in each))
    yield Heading("What was done, by month")
    yield Paragraph(
        f"Entries of the audit log that are still kept. A month's number that comes from "
        f"{now.few} people is not shown, but for what those who run the system do. There are no "
        "sums, so that nothing that is hidden can be computed."
    )
    yield Grid("audit", ("action", "month", "entries"), tuple(row.cells for row in rows[0]))
    yield Heading("Files that were taken out")
    yield Paragraph(
        "What of a lesson somebody took as a file, and exports of all that is held about a person, "
        "by the same rule."
    )
    yield Grid("exports", ("file", "month", "entries"), tuple(row.cells for row in rows[1]))
    yield Heading("Who shares with whom, now")
    yield from _sharing(now)


def _whole(now: Situation, verdict: Verdict, *, hides: bool) -> Iterator[Block]:
    """With `hides`, a month's number is not shown below: then all minus the others would show it."""
    if verdict.n_faults:
        yield Paragraph("The audit log is NOT as it was written:")
        yield Bullets(tuple(verdict.faults))
        return
    text = "The audit log has no entry."
    if verdict.entries:
        first, last = now.minute(verdict.first_utc_ns), now.minute(verdict.last_utc_ns)
        entries = "not said, since a number below is not shown" if hides else verdict.entries
        text = (
            f"Every entry was checked, from {first} to {last}, against the signed heads beside the "
            f"database. Heads: {verdict.heads}; entries: {entries}. All are as they were written."
        )
    yield Paragraph(text)


_Counts = dict[tuple[str, str], tuple[int, set[str]]]
"""(What, month) → entries, and the people they are of."""


def _counted(now: Situation) -> tuple[_Counts, _Counts]:
    actions: _Counts = defaultdict(lambda: (0, set()))
    exports: _Counts = defaultdict(lambda: (0, set()))
    with now.database.reading() as connection:
        for some in connection.execute(_ALL).partitions(_AT_ONCE):
            for row in some:
                month = now.day(row.at_utc_ns)[:7]
                # In one table alone: all exports minus those of one file would show the others.
                if row.action in {"exported", "exported_held"}:
                    _add(exports, (_file(row), month), row.person)
                else:
                    _add(actions, (row.action, month), row.person)
    return actions, exports


def _add(counts: _Counts, key: tuple[str, str], person: str | None) -> None:
    entries, people = counts[key]
    if person is not None:  # no program, and nobody whose name was removed
        people.add(person)
    counts[key] = entries + 1, people


def _file(row: Row[*tuple[Any, ...]]) -> str:
    if row.action == "exported_held":
        return "all that is held about a person"
    try:
        return str(json.loads(row.detail).get("file", "another"))
    except (ValueError, AttributeError):
        return "another"  # the log was changed: the paragraph above says so


class _Row(NamedTuple):
    """A line of a table by months."""

    cells: tuple[str, str, str]
    is_hidden: bool


def _by_month(now: Situation, counts: _Counts) -> Iterator[_Row]:
    for (what, month), (entries, people) in sorted(counts.items()):
        is_shown = what in _OF_OFFICE or len(people) >= now.limit
        shown = str(entries) if is_shown else f"not shown: {now.few} people"
        yield _Row((what.replace("_", " "), month, shown), not is_shown)


def _sharing(now: Situation) -> Iterator[Block]:
    with now.database.reading() as connection:
        role_of = defaultdict(set)
        for person, role in connection.execute(select(roles.c.person, roles.c.role)):
            role_of[person].add(role)
        owners = set(connection.scalars(select(lesson_owners.c.person)))
        shared = connection.execute(
            select(lesson_owners.c.person.label("by"), shares.c.person, shares.c.lesson)
            .join_from(shares, lesson_owners, lesson_owners.c.lesson == shares.c.lesson)
            .where(
                shares.c.until_utc_ns > now.utc_ns,
                shares.c.lesson.not_in(select(hidden_lessons.c.lesson)),
            )
        ).all()
    with_roles: dict[str, set[str]] = defaultdict(set)
    lessons_with: dict[str, set[str]] = defaultdict(set)
    for row in shared:
        found = role_of[row.person] or {"no role any more"}
        with_roles[row.by] |= found
        for role in found:
            lessons_with[role].add(row.lesson)
    teachers = {person for person, held in role_of.items() if "teacher" in held}
    sizes = Counter(
        _Atom(person in teachers, person in owners, frozenset(with_roles[person]))
        for person in teachers | owners
    )
    yield Paragraph(
        f"People with the role of a teacher, those who have lessons, and who of them share one now. "
        f"Neither {now.few} of them nor what differences of these numbers would show of so few is "
        "here."
    )
    yield Grid(
        "sharing", ("group", "people", "lessons"), tuple(_shared_rows(now, sizes, lessons_with))
    )


class _Atom(NamedTuple):
    """What is alike of people who are counted alike in all groups."""

    is_teacher: bool
    has_lessons: bool
    with_roles: frozenset[str]
    """The roles of those whom they share with."""


def _shared_rows(
    now: Situation, sizes: Mapping[_Atom, int], lessons_with: Mapping[str, set[str]]
) -> Iterator[tuple[str, str, str]]:
    readers = [role for role in (*ROLES, "no role any more") if role in lessons_with]
    # How many teachers there are stands in the document on rights too.
    unions = {
        "are teachers": [atom for atom in sizes if atom.is_teacher],
        "have lessons": [atom for atom in sizes if atom.has_lessons],
        "have lessons and share with nobody": [
            atom for atom in sizes if atom.has_lessons and not atom.with_roles
        ],
    }
    unions |= {role: [atom for atom in sizes if role in atom.with_roles] for role in readers}
    shown = shown_unions(sizes, unions, now.limit, keep=("are teachers",))
    for name, atoms in unions.items():
        what = f"share with someone who is {name}" if name in readers else name
        lessons = str(len(lessons_with[name])) if name in readers else ""
        if name in shown:
            yield what, str(sum(sizes[atom] for atom in atoms)), lessons
        else:
            yield what, "not shown", "not shown" if lessons else ""
