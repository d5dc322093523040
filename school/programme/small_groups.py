"""Which counts of people may be shown, so that no group below a limit can be computed. Pure.

Hiding the small groups alone does not hold: a total minus the others gives the one that is hidden.
So further groups are hidden, until nothing that can be added or subtracted from what is shown
counts a group of 1 to limit - 1 people. Each person counts in one atom. Zeros may be shown.

What this does not hold: the same groups shown on two days, between which one person came or went.
Show spans that are over, and those once. Nor does it bound a hidden count from above and below.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Final, TypeVar

from contract.aggregates.figures import MIN_TEACHERS

__all__ = [
    "BEYOND_SCHOOL",
    "WITHIN_SCHOOL",
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
