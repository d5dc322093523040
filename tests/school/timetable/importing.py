"""`roomtone lesson import` and its neighbours on a store and at a time of the test's own."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from contract.clock import ManualClock
from school.commands.lesson import Desk, add_actions
from school.lessons.protocol import LessonStore
from school.lessons.records import Lesson
from school.settings import LessonSettings
from school.sqlite_database import MemoryDatabase
from school.video.maps import ClockMapStore
from tests.school.timetable.calendars import BERLIN

__all__ = ["Office", "utc_ns"]


@dataclass(slots=True)
class _Clock(ManualClock):
    takes_ns: int = 0

    def utc_ns(self) -> int:
        self.now_ns += self.takes_ns
        return self.utc_at_boot_ns + self.now_ns


class Office:
    """Calls the command as a person does, and returns what it prints."""

    def __init__(self, folder: Path, store: LessonStore, now: str = "2026-10-01T08:00") -> None:
        self.folder = folder
        self.store = store
        self.now_ns = utc_ns(now)
        self.takes_ns = 0
        """How much later it is each time that somebody asks."""
        self._maps = ClockMapStore(MemoryDatabase())
        self._parser = argparse.ArgumentParser()
        add_actions(self._parser)

    def call(self, *words: str) -> list[str]:
        said: list[str] = []
        args = self._parser.parse_args(words)
        settings = LessonSettings(time_zone="Europe/Berlin")
        clock = _Clock(utc_at_boot_ns=self.now_ns, takes_ns=self.takes_ns)
        desk = Desk(
            store=self.store, maps=self._maps, settings=settings, clock=clock, say=said.append
        )
        args.do(desk, args)
        return said

    def load(self, text: str | bytes, *options: str, name: str = "plan.csv") -> list[str]:
        """Import a file of these contents."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self.call("import", str(path), *options)

    def change(self, lesson: str, **values: object) -> None:
        found = self.store.get(lesson)
        assert found is not None
        self.store.put(replace(found, **values))  # type: ignore[arg-type]

    def plan(self) -> list[tuple[str, str, str, str]]:
        """Start, room, teacher and title of each lesson in order."""
        return sorted(
            (shown(lesson), lesson.room, lesson.teacher, lesson.title)
            for lesson in self.store.lessons()
        )

    def ids(self) -> dict[tuple[str, str], str]:
        """Ids by start and room."""
        return {(shown(each), each.room): each.id for each in self.store.lessons()}


def shown(lesson: Lesson) -> str:
    return f"{datetime.fromtimestamp(lesson.starts_utc_ns // 10**9, BERLIN):%m-%d %H:%M}"


def utc_ns(local: str) -> int:
    return int(datetime.fromisoformat(local).replace(tzinfo=BERLIN).timestamp()) * 10**9
