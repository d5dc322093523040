"""The broker's part of an installation: the site's own authority, certificates, Mosquitto, kits' port."""

from __future__ import annotations

from typing import Final

from roomtone.server.machine import Machine
from roomtone.server.plan import ETC, SETTINGS, ServerPlan
from roomtone.server.services import Services

__all__ = ["broker_files"]

_OURS: Final = "/etc/mosquitto/roomtone/broker.crt"
_SERVERS: Final = f"{ETC}/server.crt"


def broker_files(machine: Machine, plan: ServerPlan, services: Services, program: str) -> None:
    """Start the authority, and write everything that Mosquitto needs.

    A server whose certificates come from elsewhere stays as it is: its kits know no other authority.
    """
    if machine.path(_SERVERS).exists() and not machine.path(_OURS).exists():
        machine.say(
            f"  {_SERVERS} is of an authority of your own, and stays with its broker; docs/enrolment.md "
            "describes the one that comes with Roomtone"
        )
        return
    services.install_authority()
    words = (program, "broker", "config", "--name", plan.name, "--config", SETTINGS)
    if machine.has_programs and not machine.is_dry and not machine.runs_systemd:
        machine.say(f"  not now, since systemd does not run: {' '.join(words)}")
    else:
        machine.do(*words)
