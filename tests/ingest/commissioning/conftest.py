"""An authority by the real clock, because brokers and TLS look at that one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.authority.authority import Authority
from ingest.authority.settings import AuthoritySettings
from ingest.authority.signing import Signing
from ingest.authority.state import AuthorityState
from roomtone.demo.broker import free_port
from tests.ingest.authority.conftest import Served, serving


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    folder = tmp_path / "authority"
    folder.mkdir(mode=0o700)
    state = AuthorityState(folder)
    authority = Authority(
        settings=AuthoritySettings(
            dir=folder, socket_dir=tmp_path / "sockets", address="server.example",
            listen="127.0.0.1", port=free_port(),
        ),
        sites=("school",), state=state, now=lambda: datetime.now(UTC),
        signing=Signing.open(folder, site="school", now=lambda: datetime.now(UTC)),
    )  # fmt: skip
    try:
        with serving(authority) as running:
            yield running
    finally:
        state.close()
