"""A room from nothing to a lesson on its page, with virtual hubs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from contract.clock import SystemClock
from simulators.classroom import Classroom
from simulators.running import VirtualClassroom
from simulators.scenario import Room, Scenario
from tests.commissioning.from_nothing import commission
from tests.commissioning.school import School

pytestmark = [pytest.mark.broker, pytest.mark.programs, pytest.mark.slow]

CLASS = Scenario(room=Room(hubs=(8, 8, 8, 8), empty_seats=0, late_comers=0))


@pytest.fixture
def sockets(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """The USB sockets of two Pis, with four hubs each."""
    with ExitStack() as running:
        folders = tmp_path / "usb", tmp_path / "usb-of-another"
        for seed, folder in enumerate(folders, 1):
            running.enter_context(
                VirtualClassroom(
                    classroom=Classroom(CLASS, seed), clock=SystemClock(), folder=folder
                )
            )
        yield folders


def test_a_room_from_nothing_to_a_lesson_and_a_new_kit(
    sockets: tuple[Path, Path], tmp_path: Path
) -> None:
    with School(tmp_path / "school") as school:
        commission(school, *sockets, has_sound=True)
