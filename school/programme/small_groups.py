"""Which counts of people may be shown, so that no group below a limit can be computed. Pure.

Hiding the small groups alone does not hold: a total minus the others gives the one that is hidden.
So further groups are hidden, until nothing that can be added or subtracted from what is shown
counts a group of 1 to limit - 1 people. Each person counts in one atom or cell. Zeros may be shown.

What this does not hold: the same groups shown on two days, between which one person came or went.
Show spans that are over, and those once. Nor does it bound a hidden count from above and below.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from contract.aggregates.figures import MIN_TEACHERS
from school.programme.min_cut import min_cut

__all__ = [
    "BEYOND_SCHOOL",
    "WITHIN_SCHOOL",
    "ShownTable",
    "shown_cells",
    "shown_groups",
    "shown_shares",
    "shown_unions",
]

_K = TypeVar("_K", bound=Hashable)
_A = TypeVar("_A", bound=Hashable)

WITHIN_SCHOOL: Final = 5
"""The fewest people of a group that their own school may see."""
BEYOND_SCHOOL: Final = MIN_TEACHERS
"""The fewest people of a group that anybody beyond one school may see."""


def is_small(count: int, limit: int) -> bool:
    """Whether a group may not be shown: it has somebody in it, and fewer than the limit."""
    return 0 < count < limit


def shown_groups(sizes: Mapping[_K, int], limit: int, *, has_total: bool = True) -> frozenset[_K]:
    """Which of groups without a common member may be shown, beside their total where it is known.

    Shows none if all of them together are too few.
    """
    if is_small(sum(sizes.values()), limit):
        return frozenset()
    shown = {name for name, size in sizes.items() if not is_small(size, limit)}
    if not has_total:
        return frozenset(shown)
    while is_small(sum(sizes[name] for name in sizes if name not in shown), limit):
        # The smallest that has somebody in it; the first of several.
        shown.remove(min((name for name in sizes if name in shown and sizes[name]),
                         key=lambda name: sizes[name]))  # fmt: skip
    return frozenset(shown)


def shown_unions(
    sizes: Mapping[_A, int],
    unions: Mapping[_K, Collection[_A]],
    limit: int,
    *,
    keep: Collection[_K] = (),
) -> frozenset[_K]:
    """Which groups of atoms may be shown where groups overlap, as groups of schools do.

    `sizes` are the people of each atom, such as a school. No two shown groups part the atoms so
    that a part has fewer people than the limit: more than is needed, and simple to explain. Those
    of `keep`, such as the total, go last.
    """
    return _without_small_parts([sizes], unions, limit, keep)


def shown_shares(
    having: Mapping[_A, int],
    others: Mapping[_A, int],
    unions: Mapping[_K, Collection[_A]],
    limit: int,
    *,
    keep: Collection[_K] = (),
) -> frozenset[_K]:
    """Of which groups that `shown_unions` shows the number of those who have something may be shown.

    `having` and `others` are the people of each atom who have it, and who do not. No two groups whose
    number is shown part the atoms so that in a part fewer than the limit have it, or do not.

    That is enough: a group of people that can be computed has the others of one set of atoms A, and
    those who have it of another set C. Both are made of parts of all groups, and what differs
    between the two of parts of the groups whose number is shown. Where C alone is, the group has all
    in a part who have it, where A alone is all who do not, elsewhere whole parts of all groups.
    """
    return _without_small_parts([having, others], unions, limit, keep)


def _without_small_parts(
    counts: Sequence[Mapping[_A, int]],
    unions: Mapping[_K, Collection[_A]],
    limit: int,
    keep: Collection[_K],
) -> frozenset[_K]:
    members = {name: frozenset(atoms) for name, atoms in unions.items()}
    sums = {
        name: [sum(of.get(atom, 0) for atom in atoms) for of in counts]
        for name, atoms in members.items()
    }
    # One that is too small by itself has a small part in any case.
    large = [name for name in members if not any(is_small(n, limit) for n in sums[name])]
    shown = list(large)
    while shown:
        parts = _parts(counts, [members[name] for name in shown])
        if not _small(parts, 0, limit):
            break
        without = {name: _small(parts, 1 << place, limit) for place, name in enumerate(shown)}
        # Of several, the first.
        shown.remove(min(shown, key=lambda name: (name in keep, without[name], sum(sums[name]))))
    # What was hidden early on may be harmless by the side of what is left.
    for name in sorted(large, key=lambda name: name not in keep):
        more = [*shown, name]
        if name not in shown and not _small(_parts(counts, [members[n] for n in more]), 0, limit):
            shown = more
    return frozenset(shown)


def _parts(
    counts: Sequence[Mapping[_A, int]], groups: Sequence[Collection[_A]]
) -> list[dict[int, int]]:
    """The parts into which groups part the atoms: bits of the groups that a part is in → people."""
    found = []
    for sizes in counts:
        parts: dict[int, int] = {}
        for atom, size in sizes.items():
            of = sum(1 << place for place, group in enumerate(groups) if atom in group)
            parts[of] = parts.get(of, 0) + size
        found.append(parts)
    return found


def _small(parts: Sequence[Mapping[int, int]], bit: int, limit: int) -> int:
    """How many parts in any group are too small, if the group of `bit` is not shown."""
    found = 0
    for each in parts:
        merged: dict[int, int] = {}
        for of, size in each.items():
            merged[of & ~bit] = merged.get(of & ~bit, 0) + size
        found += sum(is_small(size, limit) for of, size in merged.items() if of)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTable:
    """What of a two-way table may be shown; a hidden row has no shown cell."""

    has_total: bool
    rows: tuple[bool, ...]
    """Of each row, whether its total may be shown."""
    columns: tuple[bool, ...]
    cells: tuple[tuple[bool, ...], ...]


def shown_cells(table: Sequence[Sequence[int]], limit: int) -> ShownTable:
    """What of a table of counts may be shown together: total, rows' and columns' totals, cells."""
    rows = [sum(row) for row in table]
    columns = [sum(column) for column in zip(*table, strict=True)]
    if is_small(sum(rows), limit):
        nothing = tuple(False for _ in columns)
        return ShownTable(has_total=False, rows=tuple(False for _ in rows), columns=nothing,
                          cells=tuple(nothing for _ in rows))  # fmt: skip
    row_is_shown = _shown_places(rows, limit)
    column_is_shown = _shown_places(columns, limit)
    shown = [
        [of_row and of_column and not is_small(count, limit)
         for count, of_column in zip(row, column_is_shown, strict=True)]
        for row, of_row in zip(table, row_is_shown, strict=True)
    ]  # fmt: skip
    while (exposed := _exposed(table, shown, row_is_shown, column_is_shown, limit)) is not None:
        _hide_one_more(table, shown, exposed)
    return ShownTable(
        has_total=True, rows=row_is_shown, columns=column_is_shown, cells=tuple(map(tuple, shown))
    )


def _shown_places(totals: Sequence[int], limit: int) -> tuple[bool, ...]:
    shown = shown_groups(dict(enumerate(totals)), limit)
    return tuple(place in shown for place in range(len(totals)))


def _exposed(
    table: Sequence[Sequence[int]],
    shown: Sequence[Sequence[bool]],
    rows: Sequence[bool],
    columns: Sequence[bool],
    limit: int,
) -> tuple[int, int] | None:
    """A hidden cell that is in a group below the limit which can be computed; None if none is.

    What can be computed of hidden cells are sums of rows minus sums of columns. A group of cells is
    one if its cells are those that go out of a set of rows and columns, and none comes in: so the
    smallest with a cell in it is a minimum cut. Rows whose total is hidden are known together alone,
    and count as one row.
    """
    row_node = [("row", at if is_shown else -1) for at, is_shown in enumerate(rows)]
    column_node = [("column", at if is_shown else -1) for at, is_shown in enumerate(columns)]
    flows: dict[tuple[tuple[str, int], tuple[str, int]], int] = {}
    first: dict[tuple[tuple[str, int], tuple[str, int]], tuple[int, int]] = {}
    for i, j in _places(table):
        if not shown[i][j]:
            edge = row_node[i], column_node[j]
            flows[edge] = flows.get(edge, 0) + table[i][j]
            if table[i][j]:
                first.setdefault(edge, (i, j))
    for edge, place in first.items():
        if min_cut(flows, *edge, max_flow=limit) < limit:
            return place
    return None


def _hide_one_more(
    table: Sequence[Sequence[int]], shown: list[list[bool]], exposed: tuple[int, int]
) -> None:
    """Hide the smallest shown cell of where it helps first: in the exposed one's row, if it is the
    only hidden one there, then in its column, then where both row and column have a hidden one.
    Zeros are hidden last.
    """

    def hidden_in_row(i: int) -> int:
        return shown[i].count(False)

    def hidden_in_column(j: int) -> int:
        return sum(not row[j] for row in shown)

    def helps(i: int, j: int) -> bool:
        if hidden_in_row(exposed[0]) == 1:
            return i == exposed[0]
        if hidden_in_column(exposed[1]) == 1:
            return j == exposed[1]
        return hidden_in_row(i) > 0 and hidden_in_column(j) > 0

    left = [(i, j) for i, j in _places(table) if shown[i][j]]
    i, j = min(
        left, key=lambda at: (not helps(*at), not table[at[0]][at[1]], table[at[0]][at[1]], at)
    )
    shown[i][j] = False


def _places(table: Sequence[Sequence[int]]) -> Iterable[tuple[int, int]]:
    return ((i, j) for i, row in enumerate(table) for j in range(len(row)))
