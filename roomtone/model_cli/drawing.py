"""Draws simulated classrooms for `roomtone model`, on all cores, or takes them from the cache."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from models.learning.workers import worker_pool
from roomtone.model_cli.lesson_cache import DrawnLesson, LessonCache, cache_folder
from roomtone.model_cli.progress import ProgressReport, show_note, show_progress

if TYPE_CHECKING:
    from models.evaluation.holdout import Drawn  # a school's server has no scikit-learn

__all__ = ["draw_lessons"]

Behaviour = Literal["bouts", "autoregressive"]


def draw_lessons(
    classrooms: int, seed: int, *, behaviour: Behaviour = "bouts", is_cached: bool = True
) -> list[Drawn]:
    """Draw classrooms with one lesson each; other seeds give other classrooms."""
    what = f"drawing {classrooms} simulated classrooms ({behaviour})"
    show_progress(what)
    cache = _cache() if is_cached else None
    seeds = [seed * 1_000_000 + at for at in range(classrooms)]
    found: list[Drawn] = []
    problems: list[str] = []
    with ProgressReport() as progress, worker_pool(classrooms) as pool:
        for drawn, problem in pool.map(partial(_draw, behaviour=behaviour, cache=cache), seeds):
            found.append(drawn)
            problems += [problem] if problem else []
            progress(what, len(found) / classrooms)
    if cache is not None:
        cache.remove_old()
    if problems:
        show_note(
            f"the drawn lessons can't be kept for the next time ({problems[0]}); to draw without "
            "keeping them, use --no-cache."
        )
    return found


def _cache() -> LessonCache | None:
    try:
        return LessonCache(folder=cache_folder())
    except RuntimeError:
        return None


def _draw(
    seed: int, *, behaviour: Behaviour, cache: LessonCache | None
) -> tuple[Drawn, str | None]:
    """A classroom's lesson, and why it can't be kept in the cache if it can't."""
    from models.evaluation.ceiling import oracle_rows  # noqa: PLC0415  # `card` needs no simulator
    from models.evaluation.holdout import Drawn  # noqa: PLC0415
    from models.learning.rows import lesson_rows  # noqa: PLC0415
    from simulators.behaviour.movements import MOVEMENT_KINDS  # noqa: PLC0415

    found = None if cache is None else cache.read(behaviour, seed)
    drawn = _drawn(seed, behaviour) if found is None else found
    problem = None
    if cache is not None and found is None:
        try:
            cache.write(behaviour, seed, drawn)
        except OSError as error:
            problem = f"{cache.folder}: {error.strerror or error}"
    rows = lesson_rows(drawn.lesson)
    known = oracle_rows(rows, drawn.movement, len(MOVEMENT_KINDS))
    return (
        Drawn(lesson=drawn.lesson, rows=rows, known=known, very_lively=drawn.very_lively),
        problem,
    )


def _drawn(seed: int, behaviour: Behaviour) -> DrawnLesson:
    from simulators.classroom import Classroom  # noqa: PLC0415
    from simulators.lessons import draw_scenario, lesson_of  # noqa: PLC0415

    classroom = Classroom(draw_scenario(seed, behaviour=behaviour), seed)
    return DrawnLesson(
        lesson=lesson_of(classroom),
        movement=classroom.movements.observed,
        very_lively=classroom.pupils.very_lively,
    )
