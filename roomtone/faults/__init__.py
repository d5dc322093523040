"""The fault matrix: real programs, a real broker, and an audit against what was sent."""

from __future__ import annotations

from typing import Final

from roomtone.faults.case import Fault
from roomtone.faults.cases import clocks, disks, messages, network, processes, serial_line, shards

__all__ = ["FAULTS"]

_PROGRAMS: Final = ("edge", "broker", "ingest", "score")
_ENDS: Final = ("edge", "ingest")

FAULTS: Final[dict[str, Fault]] = {
    "kill": Fault(run=processes.kill, places=(*_PROGRAMS, "edge_offline"), quick=_PROGRAMS),
    "stop": Fault(run=processes.stop, places=_PROGRAMS),
    "start_order": Fault(run=processes.start_order, places=("all",)),
    "cut": Fault(run=network.cut, places=_ENDS, quick=("edge",)),
    "half_open": Fault(run=network.half_open, places=_ENDS),
    "slow": Fault(run=network.slow, places=_ENDS),
    "outage_8h": Fault(run=network.outage_8h, places=("edge",), is_long=True),
    "disk_full": Fault(run=disks.disk_full, places=("edge", "server"), quick=("edge", "server")),
    "truncated": Fault(run=disks.truncated, places=("outbox", "store", "day_file")),
    "bit_flipped": Fault(
        run=disks.bit_flipped,
        places=("outbox", "store", "day_file"),
        quick=("outbox", "store"),
    ),
    "serial_cut": Fault(run=serial_line.serial_cut, places=("hub",)),
    "serial_garbage": Fault(run=serial_line.serial_garbage, places=("hub",), quick=("hub",)),
    "serial_repeat": Fault(run=serial_line.serial_repeat, places=("hub",)),
    "serial_trickle": Fault(run=serial_line.serial_trickle, places=("hub",)),
    "hub_reboot": Fault(run=serial_line.hub_reboot, places=("hub",)),
    "hub_stall": Fault(run=serial_line.hub_stall, places=("edge",)),
    "hub_drift": Fault(run=serial_line.hub_drift, places=("hub",)),
    "same_name": Fault(run=processes.same_name, places=("edge",)),
    "poison": Fault(run=messages.poison, places=("ingest", "edge"), quick=("ingest",)),
    "future_version": Fault(run=messages.future_version, places=("ingest",)),
    "retained_garbage": Fault(run=messages.retained_garbage, places=("all",)),
    "clock_past": Fault(run=clocks.clock_past, places=("edge",), quick=("edge",)),
    "clock_jump": Fault(run=clocks.clock_jump, places=("edge",)),
    "clock_slow_synchronised": Fault(
        run=clocks.clock_slow_synchronised, places=("edge",), is_long=True
    ),
    "site_moved": Fault(run=shards.site_moved, places=("ingest",)),
    "two_claims": Fault(run=shards.two_claims, places=("ingest",)),
    "broker_amnesia": Fault(run=processes.broker_amnesia, places=("broker",)),
}
"""Fault → how and where to cause it."""
