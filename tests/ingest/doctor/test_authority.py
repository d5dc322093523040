"""What the server's doctor says of the site's authority."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from contract.finding import Finding
from ingest.doctor.authority import authority_findings
from ingest.settings import ServerSettings
from tests.ingest.authority.conftest import (
    START,
    MovableClock,
    Served,
    authority,
    clock,
    enrol_kit,
    open_authority,
    served,
)

__all__ = ["authority", "clock", "open_authority", "served"]


def look(folder: Path, *, days: float = 0) -> list[Finding]:
    settings = ServerSettings.checked(
        {
            "site": "school",
            "authority": {"socket_dir": str(folder / "sockets"), "dir": str(folder / "none")},
        },
        where="test",
    )
    now = START + timedelta(days=days)
    return list(authority_findings(settings, int(now.timestamp()) * 1_000_000_000))


def test_a_server_without_an_authority_hears_nothing_of_one(tmp_path: Path) -> None:
    assert look(tmp_path) == []


def test_an_authority_that_answers_is_fine(served: Served, tmp_path: Path) -> None:
    enrol_kit(served.authority)
    (found,) = look(tmp_path)
    assert (found.state, found.said) == ("fine", "it answers; 1 kits have certificates")


def test_one_that_is_stopped_keeps_kits_from_enrolling(tmp_path: Path) -> None:
    (tmp_path / "sockets").mkdir()
    (found,) = look(tmp_path)
    assert found.state == "wrong"
    assert "no kit can enrol or renew" in found.said


def test_a_revoked_kit_that_is_still_connected_is_named(
    served: Served, tmp_path: Path, clock: MovableClock
) -> None:
    enrol_kit(served.authority, "pi-1")
    served.client.revoke("pi-1")
    assert look(tmp_path)[0].state == "fine"  # a minute is given
    (found,) = look(tmp_path, days=1)
    assert found.state == "wrong"
    assert "pi-1 revoked, and perhaps still connected" in found.said
    served.client.disconnected("pi-1")
    assert look(tmp_path, days=1)[0].state == "fine"


def test_certificates_that_ended_are_named(served: Served, tmp_path: Path) -> None:
    for number in range(10):
        enrol_kit(served.authority, f"pi-{number}")
    (found,) = look(tmp_path, days=91)
    assert found.state == "note"
    assert "pi-7 and 2 more" in found.said
