"""The identity of one run of the agent: each start has a new one."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from contract.clock import SECOND_NS, Clock, ScaledClock, SystemClock
from contract.wire.parts import RUN_BITS

__all__ = ["Identity", "boot_id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What each message contains: node, run, boot, and where seq 0 is on the boot clock."""

    node: str
    run: int
    boot: str
    run_boot_ns: int

    @classmethod
    def new_run(cls, node: str, clock: Clock) -> Identity:
        """A new run, which begins at the next whole second of the boot clock.

        So all runs of a boot share one grid of periods, and none begins within a period.
        """
        return cls(
            node=node,
            run=secrets.randbits(RUN_BITS),
            boot=_boot(clock),
            run_boot_ns=-(-clock.boot_ns() // SECOND_NS) * SECOND_NS,
        )


def _boot(clock: Clock) -> str:
    """The boot of a clock; runs that share a simulated clock share a boot."""
    if isinstance(clock, SystemClock):
        return boot_id()
    if isinstance(clock, ScaledClock):
        return f"simulated-{clock.anchor_ns}-{clock.utc_at_anchor_ns}-{clock.speed:g}"
    return "simulated"


def boot_id() -> str:
    """The kernel's id of this boot; a random one if there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return os.urandom(16).hex()
