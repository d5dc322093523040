"""What a purge removes from one replica: whole lessons, by their tag; what is left is written again."""

from __future__ import annotations

from typing import Protocol

from ingest.replicas.line_protocol import fitting
from ingest.replicas.outlet import Outlet
from ingest.replicas.progress import Progress
from ingest.replicas.settings import ReplicaSettings

__all__ = ["Purged", "remove_lesson", "remove_purged"]


class Purged(Protocol):
    """The parts of a purge's request that a replica needs."""

    @property
    def room(self) -> str: ...
    @property
    def seat(self) -> int | None: ...
    @property
    def from_utc_ns(self) -> int: ...
    @property
    def to_utc_ns(self) -> int: ...
    @property
    def lesson(self) -> str | None: ...
    @property
    def lessons(self) -> tuple[str, ...]: ...
    @property
    def scored(self) -> tuple[str, ...]: ...


def remove_lesson(outlet: Outlet, lesson: str) -> bool:
    """Delete a lesson there, and wait for the answer; False if the database can't."""
    tag = fitting(lesson)
    if tag is None or not outlet.delete({"lesson": tag}):
        return False
    outlet.figures.deleted += 1
    return True


def remove_purged(
    outlet: Outlet, progress: Progress, replica: ReplicaSettings, request: Purged
) -> dict[str, int]:
    """Delete all lessons that a purge touches, and owe those of which something stays.

    Returns how many, for the record. Raises EngineError: then ask again.
    """
    if replica.what == "health":
        is_all = request.seat is None and request.lesson is None and request.from_utc_ns == 0
        if is_all and outlet.delete({"room": request.room}, "health"):
            return {f"rooms in the replica {replica.name}": 1}
        return {}
    if request.seat is not None and not replica.with_seats:
        # Scores rest on the seat as well, and are made again without it.
        touched = set(request.scored)
    else:
        touched = {
            each.lesson
            for each in progress.lessons_of_room(
                request.room, request.from_utc_ns, request.to_utc_ns
            )
        }
        touched |= set(request.scored)
    gone = set(request.lessons)
    removed = kept = 0
    for lesson in sorted(touched | gone):
        if progress.lesson(lesson) is None and lesson not in gone:
            continue
        if remove_lesson(outlet, lesson):
            removed += 1
        else:
            kept += 1
        progress.forget_lesson(lesson)
        progress.owe([lesson], is_deletion=lesson in gone)
    found = {f"lessons in the replica {replica.name}": removed}
    if kept:
        found[f"lessons that the replica {replica.name} can't delete"] = kept
    return found
