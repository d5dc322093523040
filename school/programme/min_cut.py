"""The minimum cut between a row and a column of a table's hidden cells. Pure.

scipy has it as well, but is no part of a server, and these graphs have tens of edges.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping
from typing import TypeVar

__all__ = ["min_cut"]

_N = TypeVar("_N", bound=Hashable)


def min_cut(edges: Mapping[tuple[_N, _N], int], source: _N, sink: _N, *, max_flow: int) -> int:
    """The smallest sum of edges that lead out of a set with `source`, and without `sink`.

    Into that set no edge may lead. Counts up to `max_flow`. By Ford and Fulkerson, along shortest
    paths: against its direction an edge carries any amount.
    """
    room = dict(edges)
    for start, end in edges:
        room[end, start] = room.get((end, start), 0) + max_flow
    after: dict[_N, list[_N]] = {}
    for start, end in room:
        after.setdefault(start, []).append(end)
    flow = 0
    while flow < max_flow and (path := _path(room, after, source, sink)):
        pushed = min(max_flow - flow, *(room[edge] for edge in path))
        for start, end in path:
            room[start, end] -= pushed
            room[end, start] += pushed
        flow += pushed
    return flow


def _path(
    room: Mapping[tuple[_N, _N], int], after: Mapping[_N, list[_N]], source: _N, sink: _N
) -> list[tuple[_N, _N]]:
    """The edges of a shortest path on which something still flows; empty if there is none."""
    came_from: dict[_N, _N] = {}
    waiting = deque([source])
    while waiting and sink not in came_from:
        here = waiting.popleft()
        for there in after.get(here, ()):
            if there != source and there not in came_from and room[here, there] > 0:
                came_from[there] = here
                waiting.append(there)
    if sink not in came_from:
        return []
    path = []
    at = sink
    while at != source:
        path.append((came_from[at], at))
        at = came_from[at]
    return path
