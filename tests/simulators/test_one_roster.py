"""`roomtone simulate --oneroster`, and the district that it makes up."""

from __future__ import annotations

import signal
import threading
from datetime import date
from pathlib import Path

import pytest

from contract.errors import UsageError
from school.roster.reading import read_roster
from school.roster.records import Roster
from school.roster.rest import RestRoster
from school.roster.zip_file import ZipRoster
from simulators.one_roster.archive import write_archive
from simulators.one_roster.district import district
from simulators.one_roster.running import serve
from simulators.one_roster.server import OneRosterServer


def test_the_same_seed_makes_the_same_district() -> None:
    assert district(3) == district(3)
    assert district(3)["users"] != district(4)["users"]


def test_its_teachers_have_names_of_their_own() -> None:
    teachers = [
        (user["givenName"], user["familyName"])
        for user in district(2, teachers=(30, 30, 30))["users"]
        if user["roles"][0]["role"] == "teacher"
    ]
    assert len(set(teachers)) == len(teachers) == 90


def test_its_archive_says_what_its_server_says(tmp_path: Path) -> None:
    data = district(5, teachers=(3, 2, 1))
    write_archive(tmp_path / "roster.zip", data)
    nothing, today = Roster(records={}), date(2026, 9, 1)
    with ZipRoster(tmp_path / "roster.zip") as source:
        archived = read_roster(source, nothing, today)
    with (
        OneRosterServer(data) as server,
        RestRoster(server.url("1.1"), server.token_url, server.client_id, server.secret) as source,
    ):
        fetched = read_roster(source, nothing, today)
    assert archived.roster == fetched.roster
    assert len(archived.roster.of("users")) == 6
    assert archived.counts.pupils == 120


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
