"""Who may do what, from the one table that all pages ask, and how many people have each role."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from sqlalchemy import select

from roomtone.oversight.blocks import Block, Document, Grid, Heading, Paragraph
from roomtone.oversight.situation import Situation
from school.people.records import ROLES
from school.schema import people, roles
from school.sharing.policy import policy_lines

__all__ = ["rights"]

_OFFICES: Final = frozenset({"technician", "administrator", "privacy_officer"})
"""Roles that are known offices of a school: how many have them is said in any case."""


def rights(now: Situation) -> Document:
    """Roles and rights."""
    return Document(
        name="rights", title="Roles and rights",
        about="What each role may do, and how many people have it.",
        blocks=tuple(_blocks(now)),
    )  # fmt: skip


def _blocks(now: Situation) -> Iterator[Block]:
    heads, *rows = policy_lines()
    yield Heading("What each role may do")
    yield Paragraph(
        "Pages, exports, streams and programs ask this one table. “own” is a lesson that is "
        "theirs, “shared” one that its teacher shared with them, “asked” one that its teacher "
        "asked them to observe. What is not permitted here is refused, and looks like what does "
        "not exist."
    )
    yield Grid(
        "rights", ("action", *(row[0] for row in rows)),
        tuple((action, *(row[at] for row in rows)) for at, action in enumerate(heads) if at),
    )  # fmt: skip
    yield Heading("How many have each role")
    with now.database.reading() as connection:
        held = connection.execute(
            select(roles.c.role, people.c.second_factor.is_not(None).label("has_factor"))
            .join_from(roles, people, people.c.id == roles.c.person)
        ).all()  # fmt: skip
    people_of = Counter(row.role for row in held)
    with_factor = Counter(row.role for row in held if row.has_factor)
    yield Grid(
        "roles", ("role", "people", "with a second factor on their account"),
        tuple(
            (role, _count(now, role, people_of[role]),
             _with_factor(now, role, people_of[role], with_factor[role]))
            for role in ROLES
        ),
    )  # fmt: skip
    yield Paragraph(
        "Administrators and data protection officers need a second factor at each sign-in; without "
        "one they get no further than the page that sets it up."
    )


def _count(now: Situation, role: str, n: int) -> str:
    return str(n) if role in _OFFICES else now.count(n)


def _with_factor(now: Situation, role: str, n: int, has_factor: int) -> str:
    if role in _OFFICES:
        return str(has_factor)
    # Neither those who have one nor the rest may be a small group.
    small = 0 < has_factor < now.limit or 0 < n - has_factor < now.limit or 0 < n < now.limit
    return "not shown" if small else str(has_factor)
