"""Makes scikit-learn compute with one thread, instead of choosing the number itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

__all__ = ["one_thread"]

_THREADS: Final = "OMP_NUM_THREADS"


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside, scikit-learn fits and predicts with one thread.

    OpenMP's threads spin while they wait for each other: on a busy machine one thread is many times
    faster. If the variable is set, scikit-learn does not count the physical cores; counting fails
    with a warning if `lscpu` is missing, can't read /sys, or does not know the processor.
    """
    before = os.environ.get(_THREADS)
    os.environ[_THREADS] = "1"
    try:
        with threadpool_limits(limits=1, user_api="openmp"):
            yield
    finally:
        if before is None:
            os.environ.pop(_THREADS, None)
        else:
            os.environ[_THREADS] = before
