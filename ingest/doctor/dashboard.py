"""Checks the pages of a data directory, on the port of the settings or where they really are."""

from __future__ import annotations

from typing import Final

from contract.finding import Finding
from ingest.doctor.checks import HOST, ask, program_finding
from ingest.monitoring.page_address import noted_address
from ingest.settings import ServerSettings

__all__ = ["dashboard_finding"]

_PORT: Final = 8000


def dashboard_finding(settings: ServerSettings) -> Finding:
    """Whether the dashboard runs and works, on whatever port it listens."""
    host, port = settings.dashboard.get("host", HOST), settings.dashboard.get("port", _PORT)
    if not isinstance(host, str) or not isinstance(port, int):
        host, port = HOST, 0
    is_https = settings.dashboard.get("certificate") is not None
    noted = noted_address(settings.data_dir)
    if noted is not None and (noted.host, noted.port, noted.is_https) != (host, port, is_https):
        # It was started with --port. The note of a killed dashboard may lead to another program.
        alive = ask(noted.port, "/healthz", noted.host, is_https=noted.is_https)
        own = "dashboard", str(settings.data_dir.absolute())
        if alive is not None and (alive.words.get("program"), alive.words.get("data_dir")) == own:
            host, port, is_https = noted.host, noted.port, noted.is_https
    if port == 0:
        return Finding(
            about="dashboard", state="wrong", said="does not run",
            advice="start `roomtone dashboard`",
        )  # fmt: skip
    return program_finding(
        "dashboard", port, settings, host=host, setting="dashboard.port", is_https=is_https
    )
