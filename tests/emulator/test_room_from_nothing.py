"""The same room from nothing, with the hubs' real firmware on emulated boards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.commissioning.from_nothing import commission
from tests.commissioning.school import School
from tests.emulator.emulated_hub import Bench, PacedBoard

pytestmark = [
    pytest.mark.emulator, pytest.mark.broker, pytest.mark.programs, pytest.mark.slow,
]  # fmt: skip


@pytest.fixture
def sockets(bench: Bench, tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """The USB sockets of two Pis, with four hubs each."""
    folders = tmp_path / "usb", tmp_path / "usb-of-another"
    with ExitStack() as running:
        for number in range(1, 5):
            image = bench.flash(f"hub-{number}", 8)
            for folder in folders:
                folder.mkdir(exist_ok=True)
                board = running.enter_context(PacedBoard(bench, image))
                (folder / f"hub-{number}").symlink_to(board.port)
                for branch in range(8):
                    board.do(f"wave {branch} 0.05 3")
        yield folders


def test_a_room_of_hubs_with_the_real_firmware(sockets: tuple[Path, Path], tmp_path: Path) -> None:
    with School(tmp_path / "school") as school:
        commission(school, *sockets, has_sound=False)
