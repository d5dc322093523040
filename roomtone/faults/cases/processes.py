"""Faults of processes: killed, paused, started in any order, two with one name."""

from __future__ import annotations

import itertools
import time
from contextlib import closing
from typing import Final

from ingest.stores import open_score_store
from roomtone.audit.kept_runs import kept_runs
from roomtone.audit.oracle import Blind
from roomtone.faults.case import Case
from roomtone.faults.children import Child, until
from roomtone.faults.room import SPILL_S, FaultRoom, RoomPlan
from roomtone.faults.server import Server

__all__ = ["broker_amnesia", "kill", "same_name", "start_order", "stop"]

_DEAD_S: Final = (0.5, 1.1)
_STOPPED_S: Final = (1.5, 2.5)
_STEP_S: Final = (0.2, 0.4)
_ON_THE_WAY_S: Final = 1.0
"""Maximum time from the end of a period to the write that spills it, on a busy machine."""
_KEPT_WITHIN_S: Final = 2.0
_HEARD_S: Final = 2.5


def kill(case: Case) -> None:
    """Kill one program in the middle of a lesson, and start it again."""
    if case.where == "edge_offline":
        _kill_offline(case)
        return
    with case.lesson() as room:
        child = _child(room, case.where)
        pid, struck_s = child.pid, room.now_s
        child.kill()
        if child.is_running:
            raise case.no_effect(f"{case.where} still runs")
        dead_s = case.draw("dead_s", *_DEAD_S)
        case.took_effect(f"process {pid} was dead for {dead_s:g} s")
        time.sleep(dead_s)
        case.over()
        if case.where == "edge":
            case.has_counters = False
            child.start()
            room.wait_for_hubs(runs=2)
            room.note_greeting(room.now_s)
        else:
            child.start()
        _come_back(case, room)
    if case.where == "score":
        _check_epochs(case, room)
    if case.where == "edge":
        _check_death(case, room, struck_s)


def _kill_offline(case: Case) -> None:
    """Kill the edge without a network: part of its data is on disk, part in memory."""
    case.has_counters = False
    with case.lesson() as room:
        room.server.edge_net.set_state("cut")
        time.sleep(case.draw("offline_s", 1.6 * SPILL_S, 2.2 * SPILL_S))
        struck_s, waiting = room.now_s, len(room.waiting)
        room.edge.kill()
        if not waiting:
            raise case.no_effect("nothing was on the edge's disk yet")
        case.took_effect(
            f"process {room.edge.pid} died with {waiting} files in its outbox, offline"
        )
        time.sleep(case.draw("dead_s", *_DEAD_S))
        with room.edge.logs_again("hub-1 is up", what="hub-1"):
            room.edge.start()
        greeted_s = room.now_s
        time.sleep(case.draw("still_offline_s", *_DEAD_S))
        room.server.edge_net.set_state("fine")
        case.over()
        room.wait_for_hubs(runs=2)
        room.note_greeting(greeted_s)
        case.recover(room)
    _check_death(case, room, struck_s)


def stop(case: Case) -> None:
    """Pause one program with SIGSTOP: connections stay open, but it does not answer."""
    with case.lesson() as room:
        child = _child(room, case.where)
        stopped_s = case.draw("stopped_s", *_STOPPED_S)
        child.freeze()
        time.sleep(stopped_s)
        state = child.state
        child.thaw()
        case.over()
        if state != "T":
            raise case.no_effect(f"{case.where} kept running (state {state})")
        case.took_effect(f"process {child.pid} was stopped for {stopped_s:g} s")
        _come_back(case, room)


def broker_amnesia(case: Case) -> None:
    """Kill the broker while it has messages for a stopped ingest; it loses all of them."""
    with case.lesson() as room:
        server = room.server
        server.ingest.freeze()
        time.sleep(case.draw("stopped_s", 0.7, 1.3))
        passed_s = room.now_s - room.newest_s()
        server.broker.kill()
        server.ingest.thaw()
        if passed_s < room.plan.speed / 2:
            raise case.no_effect("nothing was in transit when the broker died")
        case.took_effect(f"{passed_s} periods were in the broker or in transit when it died")
        server.broker.start()
        case.over()
        case.recover(room)


def start_order(case: Case) -> None:
    """Start broker, ingest, score and edge in every order."""
    orders = list(itertools.permutations(("broker", "ingest", "score", "edge")))
    step_s = case.draw("step_s", *_STEP_S)
    slowest = 0.0
    for number, order in enumerate(orders):
        with closing(Server(case.folder / f"order-{number}")) as server:
            server.prepare()
            with case.room(server=server, name=f"order-{number}") as room:
                for place in order:
                    _child(room, place).start()
                    time.sleep(step_s)
                case.over()
                until((server.data / "main.db").exists, what="main.db", timeout_s=30)
                room.wait_for_hubs()
                room.put_lesson()
                room.sample_for(0.4)
                case.recover(room)
                room.finish()
                case.judge(room)
        slowest = max(slowest, case.recovery_s or 0.0)
        case.report(f"start_order: {', '.join(order)} in {case.recovery_s:.1f} s")
    case.recovery_s = slowest
    case.took_effect(f"{len(orders)} orders of four programs, {step_s:g} s apart")


def same_name(case: Case) -> None:
    """Two kits with one name in one room: ingest raises an alarm and keeps their runs separate."""
    with case.room() as room:
        room.begin()
        room.sample_for(case.draw("strikes_after_s", 0.7, 1.3))
        first = {stream.run for stream in room.reader.streams(room.name)}
        plan = RoomPlan(seed=case.seed + 1, node=room.node, clock=room.clock)
        with FaultRoom(room.name, room.server, plan, folder=room.folder / "twin") as twin:
            with room.server.ingest.logs_again(
                f"two nodes are called {room.node}", what="ingest's alarm", timeout_s=30,
                beside=[twin.edge, room.edge],
            ):  # fmt: skip
                twin.edge.start()
            case.took_effect(
                "ingest reported that two nodes have one name, and keeps their data separate"
            )
            time.sleep(case.draw("side_by_side_s", 0.7, 1.3))
            # The two disconnect each other from the broker, so it takes a moment until both know it.
            room.end_lesson(lead_s=_HEARD_S)
            twin.ends_s = room.ends_s
            room.wait_for_end()
            twin.edge.stop()
            case.over()
            room.drain()
            room.edge.stop()
            if twin.waiting:
                # Data that the second could not deliver while the two disconnected each other.
                twin.edge.start()
                twin.drain()
                twin.edge.stop()
            case.recovered()
            second = {stream.run for stream in room.reader.streams(room.name)} - first
            case.has_counters = False
            case.judge(room, first)
            twin.starts_s = _first_second(twin, second)
            twin.blind.append(
                Blind(first_s=0, last_s=twin.starts_s + 2, why="a second kit greeted its hubs")
            )
            case.judge(twin, second)


def _first_second(room: FaultRoom, runs: set[int]) -> int:
    """The first sampled second of these runs."""
    return min(
        int(run.seconds[0])
        for run in kept_runs(room.reader, room.name)
        if run.run in runs and len(run.seconds)
    )


def _child(room: FaultRoom, where: str) -> Child:
    children = (room.edge, room.server.broker, room.server.ingest, room.server.score)
    return next(child for child in children if child.name == where)


def _come_back(case: Case, room: FaultRoom) -> None:
    if case.where == "score":
        # Storing must not be affected; only the scorer has to catch up.
        room.wait_until_caught_up(_KEPT_WITHIN_S)
        until(lambda: room.server.score_lag() <= 3, what="the scorer", timeout_s=30)
        case.recovered()
    else:
        case.recover(room)


def _check_death(case: Case, room: FaultRoom, struck_s: int) -> None:
    """Check that the edge lost no more than it may have in memory before it spills."""
    with closing(room.server.reader()) as reader:
        died = [
            gap.first_s
            for run in kept_runs(reader, room.name)
            for gap in run.gaps
            if gap.reason == "died"
        ]
    if not died:
        case.errors.append("no gap records that the edge died")
        return
    took_s = (struck_s - min(died)) / room.plan.speed
    if took_s > SPILL_S + _ON_THE_WAY_S:
        case.errors.append(f"{took_s:.1f} s from before the edge's death are lost")


def _check_epochs(case: Case, room: FaultRoom) -> None:
    until(lambda: room.server.score_lag() == 0, what="the last epoch", timeout_s=30)
    with closing(open_score_store(room.server.data)) as store:
        epochs = [
            (epoch.stream_id, epoch.first_seq) for epoch in store.epochs(f"{room.name}-lesson")
        ]
    if len(epochs) != len(set(epochs)) or not epochs:
        case.errors.append(f"{len(epochs)} epochs, {len(set(epochs))} of them different")
