"""The steps that make a server of a computer: `roomtone server install`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contract.errors import UsageError
from ingest.settings import ServerSettings
from roomtone.server.machine import Machine
from roomtone.server.plan import ETC, HOME, SETTINGS, USER, ServerPlan
from roomtone.server.services import Services
from roomtone.server.texts import (
    PAGES_CERTIFICATE,
    PAGES_KEY,
    caddyfile,
    chrony,
    server_toml,
    sysusers,
)

__all__ = ["Broker", "install", "install_services", "own_program", "this_prefix"]

PACKAGES: Final = {"mosquitto": "mosquitto", "chronyd": "chrony", "restic": "restic"}
"""Program → the Debian package that has it."""
CADDYFILE: Final = "/etc/caddy/Caddyfile"
LINK: Final = "/usr/local/bin/roomtone"
"""What people type."""
_CURRENT: Final = "/opt/roomtone/current/bin/roomtone"
_UNSEEN: Final = ("/home", "/root", "/tmp", "/var/tmp")  # noqa: S108  # units see none of them

Broker = Callable[[Machine, ServerPlan, Services, str], None]
"""Makes certificates, and writes the broker's configuration."""


@dataclass(frozen=True, slots=True)
class _Step:
    title: str
    do: Callable[[], None]


def install(plan: ServerPlan, machine: Machine, broker: Broker, program: str) -> None:
    """Do every step; one that was done before changes nothing."""
    services = Services(machine, program)
    steps = (
        _Step("packages of Debian", lambda: _packages(plan, machine)),
        _Step(f"the user {USER} and the folders", lambda: _user_and_folders(machine, program)),
        _Step("settings", lambda: _settings(plan, machine)),
        _Step("broker", lambda: broker(machine, plan, services, program)),
        _Step("time for the kits", lambda: _time(plan, machine, services)),
        _Step("HTTPS for the pages", lambda: _pages(plan, machine, services)),
        _Step("services", lambda: _services(machine, services)),
    )
    for number, step in enumerate(steps, start=1):
        machine.say(f"{number} of {len(steps)}: {step.title}")
        step.do()


def own_program(prefix: Path, root: Path) -> str:
    """The path at which the units find this program; raises UsageError where they can't."""
    if root != Path("/"):
        return _CURRENT
    if prefix.parent.name == "releases":
        return str(prefix.parents[1] / "current/bin/roomtone")
    if any(prefix.is_relative_to(folder) for folder in _UNSEEN):
        raise UsageError(
            f"This Roomtone is in {prefix}, which services don't see: install it with `sudo make "
            "install-server`, and run `sudo roomtone server install` again."
        )
    return str(prefix / "bin/roomtone")


def _packages(plan: ServerPlan, machine: Machine) -> None:
    wanted = dict(PACKAGES)
    if plan.https.startswith("caddy"):
        wanted["caddy"] = "caddy"
    missing = [package for name, package in wanted.items() if not machine.has_program(name)]
    if missing:
        machine.do("apt-get", "update")
        machine.do("apt-get", "install", "--yes", "--no-install-recommends", *missing)


def _user_and_folders(machine: Machine, program: str) -> None:
    if machine.write("/etc/sysusers.d/roomtone.conf", sysusers(HOME)):
        machine.do("systemd-sysusers")
    machine.folder(ETC)
    machine.folder(HOME, mode=0o700, owner=USER)
    if program != LINK:
        machine.link(LINK, program)


def _settings(plan: ServerPlan, machine: Machine) -> None:
    before = machine.read(SETTINGS)
    if before is None:
        machine.write(SETTINGS, server_toml(plan))
        return
    settings = ServerSettings.load(machine.path(SETTINGS))
    machine.say(f"  {SETTINGS} stays as it is")
    if settings.site != plan.site:
        raise UsageError(
            f"{SETTINGS} has the site {settings.site!r} and --site is {plan.site!r}: a site's name "
            "is in certificates and data; give the same one."
        )
    named = settings.dashboard.get("hosts")
    if plan.https != "none" and (not isinstance(named, list) or plan.name not in named):
        machine.say(f'  add hosts = ["{plan.name}"] to its [dashboard], or browsers are refused')


def _time(plan: ServerPlan, machine: Machine, services: Services) -> None:
    if machine.write("/etc/chrony/conf.d/roomtone.conf", chrony(plan.time_for)):
        services.restart("chrony")


def _pages(plan: ServerPlan, machine: Machine, services: Services) -> None:
    if plan.certificate is not None and plan.private_key is not None:
        is_new = machine.copy(plan.certificate, PAGES_CERTIFICATE, mode=0o644)
        is_new |= machine.copy(plan.private_key, PAGES_KEY, mode=0o600, owner=USER)
        if is_new:
            services.restart_later("roomtone-dashboard")
    elif plan.https.startswith("caddy"):
        if machine.write(CADDYFILE, caddyfile(plan)):
            services.enable("caddy")
            services.restart("caddy")
    else:
        machine.say("  none: the pages answer this computer alone (--https changes that)")


def _services(machine: Machine, services: Services) -> None:
    install_services(machine, services)
    services.start()


def install_services(machine: Machine, services: Services) -> None:
    """Write the units of every server, and those that only some have."""
    where = machine.path(SETTINGS)
    settings = ServerSettings.load(where) if where.exists() else None
    services.install(["roomtone-replicate"] if settings is not None and settings.replicas else [])
    if settings is not None and settings.aggregates.collector is not None:
        services.install_timer("roomtone-aggregates")


def this_prefix() -> Path:
    """The environment that this program is installed in."""
    return Path(sys.prefix)
