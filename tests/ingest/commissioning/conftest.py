"""An authority by the real clock, because brokers and TLS look at that one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.authority.authority import Authority
from ingest.authority.settings import AuthoritySettings
from ingest.authority.signing import Signing
from ingest.authority.state import AuthorityState
from roomtone.demo.broker import free_port
from tests.ingest.authority.conftest import Served, serving


class Behind:
    """How far the authority's clock is behind the real one; a test changes it."""

    def __init__(self) -> None:
        self.by = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) - self.by


@pytest.fixture
def behind() -> Behind:
    return Behind()


@pytest.fixture
def long_ago(behind: Behind) -> None:
    """The authority is made, and whatever is enrolled, 160 days ago."""
    behind.by = timedelta(days=160)


@pytest.fixture
def served(tmp_path: Path, behind: Behind) -> Iterator[Served]:
    folder = tmp_path / "authority"
    folder.mkdir(mode=0o700)
    state = AuthorityState(folder)
    authority = Authority(
        settings=AuthoritySettings(
            dir=folder, socket_dir=tmp_path / "sockets", address="server.example",
            listen="127.0.0.1", port=free_port(),
        ),
        sites=("school",), state=state, now=behind,
        signing=Signing.open(folder, site="school", now=behind),
    )  # fmt: skip
    try:
        with serving(authority) as running:
            yield running
    finally:
        state.close()
