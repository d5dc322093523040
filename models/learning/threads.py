"""Makes scikit-learn compute with one thread, instead of choosing the number itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from models.learning.workers import variable_set

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside, scikit-learn fits and predicts with one thread.

    OpenMP's threads spin while they wait for each other: on a busy machine one thread is many times
    faster. If the variable is set, scikit-learn does not count the physical cores; counting fails
    with a warning if `lscpu` is missing, can't read /sys, or does not know the processor.
    """
    with variable_set("OMP_NUM_THREADS"), threadpool_limits(limits=1, user_api="openmp"):
        yield
