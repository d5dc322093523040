"""Keeps what Python holds for a thread that a C library started, from one callback to the next.

Python makes a state for such a thread at each callback and drops it afterwards, with the memory of
its frames: two system calls and fresh pages for each message. A callback that holds the state keeps
it; https://docs.python.org/3/c-api/init.html#c.PyGILState_Ensure allows that, if the same thread
releases it in the end.
"""

from __future__ import annotations

import ctypes
import threading
from typing import Final

__all__ = ["ThreadState"]

_ENSURE: Final = ctypes.PYFUNCTYPE(ctypes.c_int)(("PyGILState_Ensure", ctypes.pythonapi))
_RELEASE: Final = ctypes.PYFUNCTYPE(None, ctypes.c_int)(("PyGILState_Release", ctypes.pythonapi))


class ThreadState:
    """The state of one thread; `hold` and `release` are called on it, in callbacks."""

    def __init__(self) -> None:
        self._thread: int | None = None
        self._before = 0

    def hold(self) -> None:
        """Keep the state of the calling thread until `release`."""
        if self._thread is None:
            self._thread = threading.get_ident()
            self._before = _ENSURE()

    def release(self) -> None:
        """Python drops the state when this callback ends; nothing on any other thread."""
        if self._thread == threading.get_ident():
            self._thread = None
            _RELEASE(self._before)
