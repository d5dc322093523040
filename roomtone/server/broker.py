"""The broker's part of an installation."""

from __future__ import annotations

from typing import Final

from roomtone.server.machine import Machine
from roomtone.server.plan import ETC, ServerPlan

__all__ = ["broker_files"]

_NEEDED: Final = ("ca.crt", "server.crt", "server.key")


def broker_files(machine: Machine, plan: ServerPlan) -> None:
    """Say which certificates are missing; docs/mosquitto.md makes them."""
    missing = [name for name in _NEEDED if not machine.path(f"{ETC}/{name}").exists()]
    if missing:
        machine.say(
            f"  {', '.join(missing)} missing in {ETC}: make them for {plan.name} as "
            "docs/mosquitto.md describes; until then no kit can connect"
        )
    else:
        machine.say("  its certificates are there")
