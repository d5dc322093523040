"""Checks the pages of a data directory, on the port of the settings or where they really are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from contract.finding import Finding
from ingest.doctor.checks import Page, ask, program_findings
from ingest.monitoring.page_address import noted_address
from ingest.settings import ServerSettings

__all__ = ["dashboard_findings"]

_HOST: Final = "127.0.0.1"
_PORT: Final = 8000
_SETTING: Final = "dashboard.port"


def dashboard_findings(settings: ServerSettings) -> Iterator[Finding]:
    """Whether the dashboard runs and works, on whatever port it listens."""
    host, port = settings.dashboard.get("host", _HOST), settings.dashboard.get("port", _PORT)
    is_read = isinstance(host, str) and isinstance(port, int)
    host, port = (str(host), int(str(port))) if is_read else (_HOST, 0)
    noted = noted_address(settings.data_dir)
    if noted is not None and (noted.host, noted.port) != (host, port):
        # It was started with --port. The note of a killed dashboard may lead to another program.
        alive = ask(noted.port, "/healthz", noted.host)
        if alive is not None and _is_ours(alive, settings):
            host, port = noted.host, noted.port
    if port == 0:
        yield Finding(
            about="dashboard", state="wrong", said="does not run",
            advice="start `roomtone dashboard`",
        )  # fmt: skip
        return
    yield from program_findings(
        "dashboard", port, settings, ask=partial(_asked, host), where_set=_SETTING
    )


def _asked(host: str, port: int, path: str) -> Page | None:
    return ask(port, path, host)


def _is_ours(page: Page, settings: ServerSettings) -> bool:
    own = str(settings.data_dir.absolute())
    return page.words.get("program") == "dashboard" and page.words.get("data_dir") == own
