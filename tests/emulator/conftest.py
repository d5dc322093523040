"""The emulated hub's programs, built once for all emulator tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.emulator.emulated_hub import Bench, SteppedBoard


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    found = Bench(tmp_path_factory.mktemp("bench"))
    found.build()
    return found


@pytest.fixture
def hub(bench: Bench) -> Iterator[SteppedBoard]:
    """A hub of eight seats that has said hello."""
    with SteppedBoard(bench, bench.flash()) as board:
        board.meet()
        yield board
