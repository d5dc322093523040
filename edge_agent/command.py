"""`roomtone edge`: the program on a room's Pi."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from contract.clock import SystemClock, simulated_clock
from contract.service_manager import ServiceManager
from edge_agent.agent import EdgeAgent
from edge_agent.memory import share_one_heap
from edge_agent.settings import EdgeSettings

__all__ = ["add_arguments", "run"]

log = logging.getLogger("edge")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, default=Path("edge.toml"), metavar="FILE",
        help="settings in TOML; edge.example.toml explains them (default: edge.toml)",
    )  # fmt: skip
    parser.add_argument(
        "--simulated-clock", metavar="SPEED:ANCHOR_NS:UTC_NS",
        help="observed time runs SPEED times as fast from ANCHOR_NS of the monotonic clock on, "
        "when UTC was UTC_NS",
    )  # fmt: skip
    parser.add_argument(
        "--check-settings", action="store_true",
        help="say whether this release can run with the settings, and end; opens no port",
    )  # fmt: skip
    parser.add_argument(
        "--check", action="store_true",
        help="check the node as `roomtone doctor` does, say what to do, and end",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Run the agent until SIGTERM or SIGINT; 0 after a clean stop."""
    settings = EdgeSettings.load(args.config)
    if args.check_settings:
        return 0
    clock = simulated_clock(args.simulated_clock) if args.simulated_clock else SystemClock()
    if args.check:
        # Imported only for --check: a Pi has little memory.
        from contract.finding import report  # noqa: PLC0415
        from edge_agent.doctor.checks import look_over  # noqa: PLC0415

        return report(look_over(settings), sys.stdout, as_json=False)
    service = ServiceManager.of_environment()
    share_one_heap()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log.info(
        "edge: %s/%s/%s senses %d seats on %d hubs, broker %s:%d",
        settings.site, settings.room, settings.node, len(settings.seats), len(settings.seat_sources),
        settings.broker.host, settings.broker.port,
    )  # fmt: skip
    while not stop.is_set():
        if EdgeAgent(settings=settings, clock=clock, service=service).run(stop) == "stopped":
            break
        log.info("edge: restarting, as commanded")
    return 0
