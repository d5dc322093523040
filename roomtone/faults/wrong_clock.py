"""The real edge agent with an injected clock, whose UTC is wrong as a file says.

python -m roomtone.faults.wrong_clock --config FILE --simulated-clock … --clock-fault FILE
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from contract.clock import SECOND_NS, ScaledClock, simulated_clock
from edge_agent.agent import EdgeAgent
from edge_agent.command import add_arguments
from edge_agent.settings import EdgeSettings
from edge_agent.timebase import ClockQuality

__all__ = ["WrongClock", "main", "write_clock_fault"]

_ERROR_NS: Final = {True: 1_000_000, False: 365 * 86_400 * SECOND_NS}


def write_clock_fault(path: Path, *, off_s: int, is_synchronised: bool) -> None:
    """Set how wrong the clock is from now on, and whether it claims to be synchronised."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(f"{off_s} {int(is_synchronised)}", encoding="ascii")
    fresh.replace(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongClock(ScaledClock):
    """UTC is wrong by the file's value. The boot clock is never wrong: it has no date."""

    fault_file: Path

    def off_ns(self) -> int:
        return int(self.fault_file.read_text(encoding="ascii").split()[0]) * SECOND_NS

    def quality(self) -> ClockQuality:
        is_synchronised = self.fault_file.read_text(encoding="ascii").split()[1] == "1"
        return ClockQuality(synchronised=is_synchronised, error_ns=_ERROR_NS[is_synchronised])

    def boot_zero_utc_ns(self) -> int:
        # utc_ns follows from this.
        return ScaledClock.boot_zero_utc_ns(self) + self.off_ns()


def main() -> int:
    """Run the agent as `roomtone edge` does."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    parser.add_argument("--clock-fault", type=Path, required=True)
    args = parser.parse_args()
    logging.basicConfig(
        level=os.environ.get("ROOMTONE_LOG_LEVEL", "INFO").upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    true = simulated_clock(args.simulated_clock)
    clock = WrongClock(**asdict(true), fault_file=args.clock_fault)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = EdgeSettings.load(args.config)
    EdgeAgent(settings=settings, clock=clock, quality=clock.quality).run(stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
