"""Progress of long computations on stderr; only the result goes to stdout.

A terminal has one line that changes. Anything else gets a whole line now and then.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Final, Self, TextIO

from contract.one_line import one_line

__all__ = ["ProgressReport", "show_note", "show_progress"]

_EVERY_S: Final = 30.0
_REDRAWN_S: Final = 0.25
_USUAL_COLUMNS: Final = 80
_FIRST_ESTIMATE_S: Final = 2.0
"""Before this nothing is known about the time left."""

Clock = Callable[[], float]


def show_progress(*what: str) -> None:
    """Print lines of progress to stderr."""
    for line in what:
        print(f"model: {one_line(line)}…", file=sys.stderr, flush=True)


def show_note(note: str) -> None:
    """Print a sentence to stderr."""
    print(f"model: {one_line(note)}", file=sys.stderr, flush=True)


class ProgressReport:
    """Shows what is being done, the finished share and the time left.

    It is called with what is being done and the finished share, 0 to 1. The time left is that of
    the present work. Use it in a `with`, which ends a terminal's line.
    """

    def __init__(self, stream: TextIO | None = None, clock: Clock = time.monotonic) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._is_terminal = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._what: str | None = None
        self._begun_s = 0.0
        self._first_share = 0.0
        self._next_s = clock() + (0.0 if self._is_terminal else _EVERY_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end_line()

    def __call__(self, what: str, share: float, /) -> None:
        now = self._clock()
        if what != self._what:
            self._end_line()
            self._what, self._begun_s, self._first_share = what, now, share
            self._next_s = min(self._next_s, now) if self._is_terminal else self._next_s
        if now < self._next_s and not (self._is_terminal and share >= 1.0):
            return
        line = f"model: {one_line(what)}, {share:.0%}{self._left(now, share)}"
        if self._is_terminal:
            self._stream.write(f"\r\x1b[K{line[: self._columns() - 1]}")
        else:
            self._stream.write(f"{line}…\n")
        self._stream.flush()
        self._next_s = now + (_REDRAWN_S if self._is_terminal else _EVERY_S)

    def _left(self, now: float, share: float) -> str:
        took, done = now - self._begun_s, share - self._first_share
        if took < _FIRST_ESTIMATE_S or done <= 0.0 or share >= 1.0:
            return ""
        return f", about {_spoken(took / done * (1.0 - share))} left"

    def _columns(self) -> int:
        """The terminal's width: a line that is longer could not be cleared."""
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or _USUAL_COLUMNS
        except OSError:
            return _USUAL_COLUMNS

    def _end_line(self) -> None:
        if self._is_terminal and self._what is not None:
            self._stream.write("\n")
            self._stream.flush()
        self._what = None


def _spoken(seconds: float) -> str:
    if seconds < 90.0:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60.0)} min"
