"""The texts of the files that an installation writes."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Final

from roomtone.server.machine import MARK
from roomtone.server.plan import DATA, ETC, USER, ServerPlan

__all__ = [
    "PAGES_CERTIFICATE",
    "PAGES_KEY",
    "UNITS",
    "caddyfile",
    "chrony",
    "server_toml",
    "sysusers",
    "unit",
]

PAGES_CERTIFICATE: Final = f"{ETC}/pages.crt"
PAGES_KEY: Final = f"{ETC}/pages.key"
UNITS: Final = ("roomtone-ingest", "roomtone-score", "roomtone-dashboard")
"""The services of every server, in the order in which they start."""
_PROGRAM: Final = "/opt/roomtone/current/bin/roomtone"


def server_toml(plan: ServerPlan) -> str:
    """The settings of a new server; what is not here has its default."""
    return f"""\
# The settings of this server; server.example.toml in the source has every key with its default.
site = {_quoted(plan.site)}
data_dir = {_quoted(DATA)}

[broker]
host = "localhost"
port = 8884
ca_file = "{ETC}/ca.crt"
certificate_file = "{ETC}/server.crt"
key_file = "{ETC}/server.key"

[authority]
address = {_quoted(plan.name)}

[lessons]
time_zone = {_quoted(plan.time_zone)}
{_dashboard(plan)}"""


def _dashboard(plan: ServerPlan) -> str:
    if plan.https == "none":
        return ""
    if plan.https == "files":
        return f"""
[dashboard]
host = "0.0.0.0"
port = 443
certificate = "{PAGES_CERTIFICATE}"
private_key = "{PAGES_KEY}"
hosts = [{_quoted(plan.name)}]
"""
    return f"""
[dashboard]
trusted_proxies = ["127.0.0.1", "::1"]
hosts = [{_quoted(plan.name)}]
"""


def caddyfile(plan: ServerPlan) -> str:
    """HTTPS by Caddy in front of the dashboard; docs/proxies/Caddyfile explains the lines."""
    own_authority = "\ttls internal\n" if plan.https == "caddy-internal" else ""
    return f"""\
# {MARK}; docs/deploy.md describes it.
{plan.name} {{
{own_authority}\treverse_proxy 127.0.0.1:8000 {{
\t\theader_up -Forwarded
\t\tflush_interval -1
\t}}
}}
"""


def chrony(networks: tuple[str, ...]) -> str:
    """Time for the kits, which follow this server even while the Internet is away."""
    allowed = "".join(f"allow {network}\n" for network in networks)
    return f"""\
# {MARK}: the kits ask this server for the time.
{allowed}
# Without the Internet it serves its own time, so that all kits and the server agree.
local stratum 10 orphan
"""


def sysusers(home: str) -> str:
    """The users of the server's programs, in the format of systemd-sysusers."""
    return (
        f'# {MARK}.\nu {USER} - "Roomtone" {home}\n'
        f'u {USER}-authority - "Roomtone authority" {home}-authority\n'
    )


def unit(name: str, program: str = _PROGRAM) -> str:
    """A unit as it is shipped, for the program at this path."""
    text = (files("roomtone.server") / "systemd" / name).read_text(encoding="utf-8")
    return f"# {MARK}; put changes into a drop-in: systemctl edit {name}\n" + text.replace(
        _PROGRAM, program
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
