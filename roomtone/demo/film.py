"""The demo's video: made while the lesson is played, and taken in when it is over.

Both are commands of their own, so that the virtual hubs in this process keep their time.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from roomtone.demo.programs import roomtone_command

__all__ = ["Film"]

_PATIENCE_S: Final = 300.0


class Film:
    """`start` begins to make it; `take_in` waits for it and hands it over; `stop` ends either."""

    def __init__(
        self, scenario: Sequence[str], folder: Path, report: Callable[[str], None]
    ) -> None:
        self._scenario = scenario
        """Options of `roomtone simulate`: which class it is."""
        self._path = folder / "lesson.mp4"
        self._log = folder / "logs" / "video.log"
        self._report = report
        self._making: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin to make the file."""
        command = roomtone_command("simulate", "--video", str(self._path), *self._scenario)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            self._making = subprocess.Popen(command, stdout=log, stderr=log)
        self._report("camera     makes a video of the lesson")

    def take_in(self, lesson: str, config: Path) -> bool:
        """Give the lesson its video, as the command does; False if it could not be made."""
        if self._making is None or not self._is_made():
            self._report(f"camera     made no video (its log is {self._log})")
            return False
        command = roomtone_command(
            "lesson", "video", lesson, str(self._path), "--config", str(config)
        )
        with self._log.open("ab") as log:
            done = subprocess.run(command, stdout=log, stderr=log, check=False)
        if done.returncode:
            self._report(f"camera     its video was not taken in (its log is {self._log})")
            return False
        self._path.unlink()  # only the encrypted one stays
        self._report("camera     its video is taken in; the page lines it up by its sound")
        return True

    def stop(self) -> None:
        """End what still runs."""
        if self._making is not None and self._making.poll() is None:
            self._making.kill()
            self._making.wait()

    def _is_made(self) -> bool:
        assert self._making is not None
        try:
            return self._making.wait(_PATIENCE_S) == 0
        except subprocess.TimeoutExpired:
            return False
