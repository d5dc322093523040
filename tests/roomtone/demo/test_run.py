"""What a check counts as a true alert, and what it says of folders and ports."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from contract.clock import SECOND_NS
from contract.errors import UsageError
from ingest.stores.records import AlertRecord
from roomtone.demo.chain import PlannedLesson
from roomtone.demo.run import _count_true, demo_folder, minutes
from simulators.truth import Episode

PLAN = PlannedLesson(
    room="r1",
    teacher="t",
    title="",
    hubs=(),
    zones=(),
    activities=(),
    starts_utc_ns=1_000 * SECOND_NS,
    duration_s=600,
)


def alert(raised_s: int, cleared_s: int | None) -> AlertRecord:
    return AlertRecord(
        id=f"a{raised_s}",
        lesson="l",
        room="r1",
        zone="room",
        raised_utc_ns=(1_000 + raised_s) * SECOND_NS,
        cleared_utc_ns=None if cleared_s is None else (1_000 + cleared_s) * SECOND_NS,
        because=("more movement than usual",),
        off_task=0.5,
        model="m",
    )


def test_an_alert_is_true_when_it_was_open_during_an_episode() -> None:
    episodes = (Episode(start_s=100, end_s=200),)
    alerts = [alert(50, 99), alert(60, 110), alert(150, 160), alert(190, None), alert(201, None)]
    assert _count_true(alerts, episodes, PLAN) == 3
    assert _count_true(alerts, (), PLAN) == 0


def test_a_folder_to_keep_must_be_new(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("")
    with pytest.raises(UsageError, match="is not empty"), demo_folder(tmp_path):
        pass
    with demo_folder(tmp_path / "new") as folder:
        assert folder.is_dir()
    assert folder.is_dir()


def test_a_temporary_folder_is_gone_afterwards() -> None:
    with demo_folder(None) as folder:
        (folder / "data").write_text("x")
    assert not folder.exists()


@pytest.mark.parametrize("text", ("0", "-1", "nan", "soon", "2000"))
def test_minutes_are_a_number_above_nothing(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="number of minutes"):
        minutes(text)
