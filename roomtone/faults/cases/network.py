"""Faults of the network between edge and broker, and between ingest and broker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from roomtone.faults.case import Case
from roomtone.faults.proxy import NetworkState
from roomtone.faults.room import FaultRoom, RoomPlan

__all__ = ["cut", "half_open", "outage_8h", "slow"]

_CUT_S: Final = (2.5, 3.5)
_HALF_OPEN_S: Final = (9.0, 10.5)
_SLOW_S: Final = (3.0, 4.5)
_OUTAGE_S: Final = 8 * 3600
_OUTAGE_SPEED: Final = 100.0


def cut(case: Case) -> None:
    """Reset all connections, old and new, for longer than the spill interval."""
    with case.lesson() as room:
        lasts_s = case.draw("lasts_s", *_CUT_S)
        with _bad_network(case, room, "cut") as affected:
            time.sleep(lasts_s)
            is_spilled = bool(room.waiting)
            behind_s = room.now_s - room.newest_s()
        if not affected():
            raise case.no_effect("no connection was cut or refused")
        if behind_s < room.plan.speed * lasts_s / 2:
            raise case.no_effect(f"the store was only {behind_s} periods behind")
        case.took_effect(
            f"{affected()} connections cut or refused in {lasts_s:g} s, "
            f"{'something' if is_spilled else 'nothing'} in the outbox"
        )
        case.recover(room)


def half_open(case: Case) -> None:
    """Connections stay open, but discard all data, until keepalives run out."""
    _impair(case, "half_open", _HALF_OPEN_S, "discarded in", none="no data was discarded")


def slow(case: Case) -> None:
    """For a while, make the network slower than the sampled data."""
    _impair(case, "slow", _SLOW_S, "at 4 kB/s, for", none="no byte had to wait")


def outage_8h(case: Case) -> None:
    """Eight hours without a network, in simulated time: the data waits on the edge's disk."""
    plan = RoomPlan(
        seed=case.seed, speed=_OUTAGE_SPEED, hubs=(5,), rate_hz=25, minutes=_OUTAGE_S / 60 + 60
    )
    with case.lesson(plan) as room:
        room.server.edge_net.set_state("cut")
        from_s = room.now_s
        while (passed_s := room.now_s - from_s) < _OUTAGE_S:
            time.sleep(0.5)
            if not room.edge.is_running:
                raise case.no_effect(f"the edge exited unexpectedly: {room.edge.last_log_line()}")
        waiting = sum(path.stat().st_size for path in room.waiting)
        room.server.edge_net.set_state("fine")
        case.over()
        case.took_effect(f"{passed_s} s without a network, {waiting} bytes in the outbox")
        case.recover(room, backlog=passed_s)


def _impair(
    case: Case, state: NetworkState, span_s: tuple[float, float], what: str, *, none: str
) -> None:
    with case.lesson() as room:
        lasts_s = case.draw("lasts_s", *span_s)
        with _bad_network(case, room, state) as affected:
            time.sleep(lasts_s)
        if not affected():
            raise case.no_effect(none)
        case.took_effect(f"{affected()} bytes {what} {lasts_s:g} s")
        case.recover(room)


@contextmanager
def _bad_network(case: Case, room: FaultRoom, state: NetworkState) -> Iterator[Callable[[], int]]:
    """Put the case's network into a state; yields how much that has affected so far."""
    server = room.server
    net = {"edge": server.edge_net, "ingest": server.server_net}[case.where]
    before = net.affected[state]
    net.set_state(state)
    yield lambda: net.affected[state] - before
    net.set_state("fine")
    case.over()
