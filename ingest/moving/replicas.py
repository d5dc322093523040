"""What replicas have of a site goes with it: the new server's feed continues where the old one was.

Else nobody would delete the site's lessons from a database after their days, and the old server's feed
would take them for empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from ingest.replicas.progress import Progress, progress_files
from ingest.stores.records import Stream

__all__ = ["ReplicasMove"]

_FARTHEST_NS: Final = (1 << 63) - 1


class ReplicasMove:
    """The progress of each replica that the source feeds, beside that of the target; both are stopped."""

    def __init__(self, source: Path, target: Path, opened: ExitStack) -> None:
        """Opens them; raises StoreError while `roomtone replicate` feeds one of them."""
        self._pairs = [
            tuple(opened.enter_context(closing(Progress(each, name))) for each in (source, target))
            for name in progress_files(source)
        ]

    def first_unsent(self, cursor: int) -> int:
        """The lowest cursor of the source's followers, of which one is at `cursor`."""
        return min([cursor, *(source.cursor()[0] for source, _ in self._pairs)])

    def copy(
        self, runs: Iterable[Stream], rooms: Iterable[str], streams: Mapping[int, int], newest: int
    ) -> None:
        """Note in the target what was sent of the site, and what is owed; doing it twice is fine."""
        names = [f"{stream.node} {stream.run}" for stream in runs]
        of_rooms = list(rooms)
        for source, target in self._pairs:
            lessons = [
                known
                for room in of_rooms
                for known in source.lessons_of_room(room, -1, _FARTHEST_NS)
            ]
            sent = [(name, run) for name in names if (run := source.run(name)).dates]
            target.keep(runs=sent, lessons=lessons)
            moved = {known.lesson for known in lessons}
            for lesson, is_deletion in source.owed():
                if lesson in moved:
                    target.owe([lesson], is_deletion=is_deletion)
            if source.cursor()[0] < newest:
                target.owe(moved)  # its scores may not have been sent either
            for number in source.undated():
                if number in streams:
                    target.note_undated(streams[number])

    def forget(self, rooms: Iterable[str], streams: Iterable[int]) -> None:
        """The source's feeds know nothing of the site any more."""
        gone, of_rooms = list(streams), list(rooms)
        for source, _ in self._pairs:
            for room in of_rooms:
                for known in source.lessons_of_room(room, -1, _FARTHEST_NS):
                    source.settled(known.lesson)
                    source.forget_lesson(known.lesson)
            for number in gone:
                source.note_dated(number)
