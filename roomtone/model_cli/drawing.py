"""Draws simulated classrooms for `roomtone model`, on all cores."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Literal

from contract.one_line import one_line
from models.learning.workers import worker_pool

if TYPE_CHECKING:
    from models.evaluation.holdout import Drawn  # a school's server has no scikit-learn

__all__ = ["draw_lessons", "show_progress"]

Behaviour = Literal["bouts", "autoregressive"]


def draw_lessons(classrooms: int, seed: int, *, behaviour: Behaviour = "bouts") -> list[Drawn]:
    """Draw classrooms with one lesson each; other seeds give other classrooms."""
    show_progress(f"drawing {classrooms} simulated classrooms ({behaviour})")
    seeds = [seed * 1_000_000 + at for at in range(classrooms)]
    with worker_pool(classrooms) as pool:
        return list(pool.map(partial(_draw, behaviour=behaviour), seeds))


def _draw(seed: int, *, behaviour: Behaviour) -> Drawn:
    from models.evaluation.ceiling import oracle_rows  # noqa: PLC0415  # `card` needs no simulator
    from models.evaluation.holdout import Drawn  # noqa: PLC0415
    from models.learning.rows import lesson_rows  # noqa: PLC0415
    from simulators.behaviour.movements import MOVEMENT_KINDS  # noqa: PLC0415
    from simulators.classroom import Classroom  # noqa: PLC0415
    from simulators.lessons import draw_scenario, lesson_of  # noqa: PLC0415

    classroom = Classroom(draw_scenario(seed, behaviour=behaviour), seed)
    lesson = lesson_of(classroom)
    rows = lesson_rows(lesson)
    return Drawn(
        lesson=lesson,
        rows=rows,
        known=oracle_rows(rows, classroom.movements.observed, len(MOVEMENT_KINDS)),
        very_lively=classroom.pupils.very_lively,
    )


def show_progress(*what: str) -> None:
    """Print progress to stderr; only the result goes to stdout."""
    for line in what:
        print(f"model: {one_line(line)}…", file=sys.stderr, flush=True)
