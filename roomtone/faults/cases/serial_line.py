"""Faults of the serial line and of the hub."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Final

import numpy as np

from ingest.stores.rules.admission import HIGHEST_SEQ
from roomtone.audit.oracle import Blind
from roomtone.faults.case import Case
from roomtone.faults.room import FaultRoom, RoomPlan
from simulators.hubs.virtual_hub import LinkFaults, VirtualHub

__all__ = [
    "hub_drift",
    "hub_reboot",
    "hub_stall",
    "serial_cut",
    "serial_garbage",
    "serial_repeat",
    "serial_trickle",
]

_PULLED_S: Final = (0.7, 1.3)
_BAD_S: Final = (1.6, 2.4)
_SHORT_STALL_S: Final = (2.0, 4.0)
_LONG_STALL_S: Final = (7.0, 9.0)
"""Shorter and longer than the 5 s of silence after which the edge treats a hub as gone."""
_DRIFT_PPM: Final = 200.0
_MIN_BYTES: Final = 20
"""A frame of samples is longer."""


def serial_cut(case: Case) -> None:
    """Unplug a hub, and plug it in again."""
    with case.lesson() as room:
        hub = room.hubs[case.pick("hub", len(room.hubs))]
        pulled_s = case.draw("pulled_s", *_PULLED_S)
        with _new_start(case, room, hub, "the hub was unplugged"):
            hub.unplug()
            time.sleep(pulled_s)
            is_noticed = room.edge.times_logged(f"{hub.hub_id} is down")
            hub.plug()
            case.over()
            if not is_noticed:
                raise case.no_effect("the edge did not notice")
            case.took_effect(
                f"the edge reported that {hub.hub_id} is down, {pulled_s:g} s without it"
            )


def hub_reboot(case: Case) -> None:
    """Reset a hub: its ticks, sequence and counters start again."""
    with case.lesson() as room:
        hub = room.hubs[case.pick("hub", len(room.hubs))]
        with _new_start(case, room, hub, "the hub started"):
            hub.reboot()
            case.over()
        case.took_effect(f"the edge greeted {hub.hub_id} again")


def hub_stall(case: Case) -> None:
    """A hub is silent for a while, keeps its samples, and sends them later.

    The first time it is silent for less than the edge waits, the second time for more. The other
    hub continues.
    """
    number = case.pick("hub", 2)
    stalls = [case.draw("short_s", *_SHORT_STALL_S), case.draw("long_s", *_LONG_STALL_S)]
    with case.lesson() as room:
        hub, name = room.hubs[number], f"hub-{number}"
        for stalled_s in stalls:
            downs = room.edge.times_logged(f"{name} is down")
            is_long = stalled_s >= _LONG_STALL_S[0]
            with room.edge.logs_again(f"{name} is up", what=name) if is_long else nullcontext():
                hub.stall()
                time.sleep(stalled_s)
                is_noticed = room.edge.times_logged(f"{name} is down") > downs
                hub.resume()
                if is_noticed is not is_long:
                    raise case.no_effect(
                        f"after {stalled_s:g} s the edge did not report the expected state of {name}"
                    )
            room.sample_for(case.draw("awake_s", *_BAD_S))
        case.over()
        case.recover(room)
        late = _late_of(room)
        if not late:
            raise case.no_effect("nothing came late")
        case.took_effect(
            f"{name} was silent for {stalls[0]:g} and {stalls[1]:g} s; {late} s came late"
        )


def serial_garbage(case: Case) -> None:
    """Flip bits and insert bytes, in both directions, all the time."""
    flips = case.draw("bit_flips", 0.0003, 0.0007)
    _bad_line(case, LinkFaults(bit_flips=flips, garbage=0.02), refused=True)


def serial_repeat(case: Case) -> None:
    """Send every third frame twice."""
    _bad_line(case, LinkFaults(doubled=0.33), refused=False)


def serial_trickle(case: Case) -> None:
    """Send every byte separately, with varying delays."""
    _bad_line(case, LinkFaults(is_trickling=True, jitter_s=0.003), refused=False)


def hub_drift(case: Case) -> None:
    """Run the hubs' crystals 200 ppm fast and slow."""
    with case.lesson(RoomPlan(seed=case.seed, drift_ppm=_DRIFT_PPM)) as room:
        room.sample_for(case.draw("lasts_s", *_BAD_S))
        case.over()
        case.recover(room)
    rates = [1e9 * (len(line.times) - 1) / np.ptp(line.times) for line in room.lines()]
    fast, slow = ((rate / room.plan.rate_hz - 1) * 1e6 for rate in rates)
    if abs(fast - _DRIFT_PPM) > 1 or abs(slow + _DRIFT_PPM) > 1:
        raise case.no_effect(f"the crystals ran at {fast:.1f} and {slow:.1f} ppm")
    case.took_effect(f"samples came {fast:+.0f} and {slow:+.0f} ppm off")


def _bad_line(case: Case, link: LinkFaults, *, refused: bool) -> None:
    plan = RoomPlan(seed=case.seed, link=link, speed=10.0)
    with case.lesson(plan) as room:
        room.sample_for(case.draw("lasts_s", *_BAD_S))
        case.over()
        case.recover(room)
    announced = sum(trace.frames_announced for trace in room.traces)
    whole = sum(trace.frames_whole for trace in room.traces)
    again = sum(trace.frames_repeated for trace in room.traces)
    if refused:
        if whole >= announced - 5:
            raise case.no_effect("every frame arrived whole")
        case.took_effect(f"{announced - whole} of {announced} frames damaged")
    elif link.doubled:
        if not again:
            raise case.no_effect("no frame came twice")
        case.took_effect(f"{again} of {announced} frames came twice")
    else:
        writes = sum(trace.writes for trace in room.traces)
        if writes < _MIN_BYTES * whole:
            raise case.no_effect(f"{whole} frames took only {writes} writes")
        case.took_effect(f"{whole} frames in {writes} writes")


def _late_of(room: FaultRoom) -> int:
    """Number of kept seconds of single hubs that came after their period was closed."""
    return sum(
        len(periods.seqs)
        for stream in room.reader.streams(room.name)
        for part in room.reader.parts(stream.id)
        for periods in room.reader.read(part.id, 0, HIGHEST_SEQ, own=True)
    )


@contextmanager
def _new_start(case: Case, room: FaultRoom, hub: VirtualHub, why: str) -> Iterator[None]:
    """On leaving, wait until the edge has greeted the hub again and the room has caught up."""
    first_s = room.now_s
    with room.edge.logs_again(f"{hub.hub_id} is up", what=hub.hub_id):
        yield
    room.blind.append(Blind(first_s=first_s, last_s=room.now_s, why=why, line=hub.hub_id))
    case.recover(room)
