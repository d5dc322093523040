"""`roomtone simulate --oneroster`, and the district that it makes up."""

from __future__ import annotations

import signal
import threading

import pytest

from contract.errors import UsageError
from simulators.one_roster.district import district
from simulators.one_roster.running import serve
from simulators.one_roster.server import OneRosterServer


def test_the_same_seed_makes_the_same_district() -> None:
    assert district(3) == district(3)
    assert district(3)["users"] != district(4)["users"]


def test_it_prints_how_to_read_it_and_ends(capsys: pytest.CaptureFixture[str]) -> None:
    stop = threading.Event()
    stop.set()
    before = signal.getsignal(signal.SIGINT)
    serve(0, 1, stop)
    assert signal.getsignal(signal.SIGINT) is before
    said = capsys.readouterr().out
    assert "/ims/oneroster/v1p1\n" in said
    assert "/ims/oneroster/rostering/v1p2\n" in said
    assert "client roomtone, secret " in said


def test_a_port_that_is_taken_is_a_sentence() -> None:
    with OneRosterServer() as server:
        port = int(server.root.rsplit(":", 1)[1])
        with pytest.raises(UsageError, match=f"Port {port} is taken"):
            serve(port, 1)


def test_a_port_that_is_none_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="--oneroster is 70000"):
        serve(70_000, 1)
