"""Root's commands go on as the owner of the data, so that no file of root's gets among it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from roomtone import cli
from roomtone.as_owner import AS_OWNER, owner_of
from roomtone.cli import COMMANDS, main


def settings(folder: Path, data: str) -> Path:
    config = folder / "server.toml"
    config.write_text(f'site = "school"\ndata_dir = "{data}"\n')
    return config


def test_the_owner_is_that_of_the_directory_or_of_where_it_will_be(tmp_path: Path) -> None:
    mine = os.geteuid()
    assert owner_of(settings(tmp_path, f"{tmp_path}/not/yet/made")) == mine
    assert owner_of(settings(tmp_path, "/proc/1/fdinfo")) == Path("/proc/1").stat().st_uid
    assert owner_of(tmp_path / "none.toml") == 0
    (tmp_path / "odd.toml").write_text("data_dir = 1\n")
    assert owner_of(tmp_path / "odd.toml") == 0


def test_every_command_named_there_exists_and_a_backup_stays_roots() -> None:
    assert set(COMMANDS) >= AS_OWNER
    assert {"fleet", "kit", "lesson", "node", "room", "site"} <= AS_OWNER, (
        "they open the school's database"
    )
    assert "backup" not in AS_OWNER


@pytest.mark.parametrize("action", ("lesson", "backup"))
def test_root_becomes_the_owner_for_what_writes_into_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    became = []
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(cli, "owner_of", lambda _: 1234)
    monkeypatch.setattr(cli, "become", lambda user: became.append(user) or "roomtone")
    config = settings(tmp_path, f"{tmp_path}/data")
    words = ("list",) if action == "lesson" else (str(tmp_path / "copy"),)
    main((action, "--config", str(config), *words))
    assert became == ([1234] if action == "lesson" else [])
    assert ("as roomtone, who owns the data" in capsys.readouterr().err) == bool(became)


def test_what_is_written_from_then_on_is_that_users() -> None:
    """For real where the tests run as root; nobody else may become another user."""
    program = (
        "import sys; from pathlib import Path; from roomtone.as_owner import become; "
        "print(become(int(sys.argv[1]))); Path(sys.argv[2]).touch()"
    )
    user, is_root = 65534, os.geteuid() == 0
    # pytest's own folders are closed to other users.
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        if is_root:
            os.chown(place, user, -1)
        done = subprocess.run(
            (sys.executable, "-c", program, str(user), str(place / "file")),
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        if is_root:
            assert (done.stdout, done.returncode) == ("nobody\n", 0), done.stderr
            assert (place / "file").stat().st_uid == user
        else:
            assert "PermissionError" in done.stderr
            assert not (place / "file").exists()
