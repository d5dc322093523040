"""The pytest fixture `virtual_classroom`.

With `pytest -p simulators.pytest_plugin`:

    def test_my_reader(virtual_classroom):
        running = virtual_classroom("lively_class", minutes=1, speed=20)
        ...  # read running.ports, compare with running.truth() and running.trace()
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp

import pytest

from simulators.classroom import Classroom
from simulators.hubs.virtual_hub import LinkFaults
from simulators.running import VirtualClassroom, clock_at
from simulators.scenario import Scenario, load_scenario

__all__ = ["StartClassroom", "virtual_classroom"]

StartClassroom = Callable[..., VirtualClassroom]


@pytest.fixture
def virtual_classroom(tmp_path: Path) -> Iterator[StartClassroom]:
    """A function that starts a virtual classroom; all of them stop at the end of the test.

    `start(scenario, seed=1, speed=1.0, minutes=None, faults=None)` takes a `Scenario` or the name
    or path of one and returns a `VirtualClassroom`: `ports`, `clock`, `truth()`, `trace()`, `hubs`.
    """
    with ExitStack() as running:

        def start(
            scenario: Scenario | str | Path = "example",
            *,
            seed: int = 1,
            speed: float = 1.0,
            minutes: float | None = None,
            faults: LinkFaults | None = None,
        ) -> VirtualClassroom:
            described = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
            if minutes is not None:
                described = described.lasting(minutes)
            folder = Path(mkdtemp(prefix="classroom-", dir=tmp_path))
            classroom = Classroom(described, seed)
            return running.enter_context(
                VirtualClassroom(
                    classroom=classroom, clock=clock_at(speed), folder=folder, faults=faults
                )
            )

        yield start
