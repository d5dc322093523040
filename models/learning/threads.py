"""How many threads scikit-learn computes with: one, decided here and not by what it counts."""

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
    """Fit and predict inside with one thread.

    OpenMP's threads wait for each other in a spin: on a busy machine one is many times faster.
    Where the variable is set, scikit-learn does not count the physical cores, which fails with a
    warning where `lscpu` is missing, sees no /sys, or does not know the processor.
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
