"""A release's units are put in place, enabled, and taken away again."""

from __future__ import annotations

from pathlib import Path

import edge_agent
from edge_agent.release.services import NoServices

UNITS = Path(edge_agent.__file__).parent / "systemd"


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def test_every_unit_that_ships_is_installed_and_goes_with_the_package(tmp_path: Path) -> None:
    services = NoServices(tmp_path / "system")
    services.install(UNITS)
    services.install(UNITS)
    shipped = {path.name for path in UNITS.iterdir()}
    found = files(tmp_path / "system")
    assert shipped <= found
    assert found - shipped == {
        "multi-user.target.wants/roomtone-edge.service",
        "multi-user.target.wants/roomtone-release.service",
        "timers.target.wants/roomtone-renew.timer",
    }
    for name in found:
        assert (tmp_path / "system" / name).resolve().exists()
    services.remove()
    assert files(tmp_path / "system") == set()


def test_going_back_takes_away_a_unit_that_the_older_release_has_not(tmp_path: Path) -> None:
    older = tmp_path / "older"
    older.mkdir()
    for path in UNITS.iterdir():
        if "renew" not in path.name:
            (older / path.name).write_text(path.read_text())
    services = NoServices(tmp_path / "system")
    services.install(UNITS)
    services.install(older)
    assert not (tmp_path / "system/roomtone-renew.timer").exists()
    assert (tmp_path / "system/roomtone-edge.service").exists()
