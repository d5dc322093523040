"""How far coaching reaches: by schools and groups of schools, of ten teachers or more. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from school.programme.records import SchoolGroup
from school.programme.small_groups import BEYOND_SCHOOL, shown_shares, shown_unions

__all__ = ["ENOUGH_SENSED", "KINDS", "MIN_ROOMS", "CoverageRow", "Kind", "RoomUse", "coverage_rows"]

Kind = Literal["district", "group", "wave", "school"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
ENOUGH_SENSED: Final = 0.9
"""A room of whose lessons this share was sensed has kits that ran."""
MIN_ROOMS: Final = 5
"""The fewest rooms whose kits may be shown together: a room may be one teacher's."""
_Row = tuple[Kind, str]
_DISTRICT: Final[_Row] = ("district", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomUse:
    """A room with a kit in a month."""

    site: str
    lessons: int
    """With a kit in the room; one or more."""
    sensed: int
    """Those of them that have scores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageRow:
    """Counts of a month, each None where it may not be shown."""

    kind: Kind
    name: str
    """Of the school, the group or the wave, empty for the whole district."""
    title: str
    """As it was called when it was counted."""
    teachers: int | None
    """Who had a lesson in the month."""
    with_cycle: int | None
    """Those of them who had a running cycle."""
    rooms: int | None
    """With a kit and a lesson; five or more, shown beside ten teachers or more."""
    running: int | None
    """Those of them of whose lessons enough were sensed."""


def coverage_rows(
    teachers: Collection[str],
    with_cycle: Collection[str],
    rooms: Iterable[RoomUse],
    sites_of: Mapping[str, str],
    groups: Sequence[SchoolGroup],
    titles: Mapping[str, str],
    waves: Sequence[SchoolGroup] = (),
) -> list[CoverageRow]:
    """The whole district, then groups, then waves in their order, then schools.

    Groups and schools stand in the order of what they are called.

    `sites_of` has each person's school, `titles` what each school is called. Rows are decided on
    first, and then of which of them the teachers with a cycle may be shown too.
    """
    schools = sorted(titles, key=lambda name: (titles[name], name))
    of: dict[_Row, Collection[str]] = {_DISTRICT: {*titles, ""}}
    called: dict[_Row, str] = {_DISTRICT: ""}
    for group in sorted(groups, key=lambda group: (group.title, group.name)):
        of["group", group.name], called["group", group.name] = group.sites, group.title
    for wave in waves:
        of["wave", wave.name], called["wave", wave.name] = wave.sites, wave.title
    for name in schools:
        of["school", name], called["school", name] = {name}, titles[name]
    having, others = Counter[str](), Counter[str]()
    for person in teachers:
        (having if person in with_cycle else others)[sites_of.get(person, "")] += 1
    rows = shown_unions(having + others, of, BEYOND_SCHOOL, keep=[_DISTRICT])
    mine = {row: of[row] for row in of if row in rows}
    shares = shown_shares(having, others, mine, BEYOND_SCHOOL, keep=[_DISTRICT])
    used = list(rooms)
    with_rooms = _rows_with_rooms(having + others, Counter(room.site for room in used), mine)
    return [
        _row(row, called[row], of[row], having, others, used,
             has_row=row in rows, has_share=row in shares, has_rooms=row in with_rooms)
        for row in of
    ]  # fmt: skip


def _rows_with_rooms(
    teachers: Mapping[str, int], used: Mapping[str, int], rows: Mapping[_Row, Collection[str]]
) -> Collection[_Row]:
    """Of which rows rooms may be shown, by the teachers and by the `used` rooms of each school.

    A school that has a room and no teacher counts as one person: it is somebody of another school,
    or of none, who teaches there. And no sum or difference of rows is of fewer rooms than five.
    """
    sizes = {site: max(teachers.get(site, 0), int(site in used)) for site in {*teachers, *used}}
    by_teachers = shown_unions(sizes, rows, BEYOND_SCHOOL, keep=[_DISTRICT])
    mine = {row: rows[row] for row in rows if row in by_teachers}
    return shown_unions(used, mine, MIN_ROOMS, keep=[_DISTRICT])


def _row(
    row: _Row,
    title: str,
    sites: Collection[str],
    having: Mapping[str, int],
    others: Mapping[str, int],
    rooms: Sequence[RoomUse],
    *,
    has_row: bool,
    has_share: bool,
    has_rooms: bool,
) -> CoverageRow:
    mine = [room for room in rooms if room.site in sites]
    return CoverageRow(
        kind=row[0], name=row[1], title=title,
        teachers=sum(having.get(site, 0) + others.get(site, 0) for site in sites) if has_row else None,
        with_cycle=sum(having.get(site, 0) for site in sites) if has_share else None,
        rooms=len(mine) if has_rooms else None,
        running=sum(room.sensed >= ENOUGH_SENSED * room.lessons for room in mine)
        if has_rooms else None,
    )  # fmt: skip
