"""What was put into the district, counted while it is put there: the check holds the pages against it.

It is counted here by itself, and not read back from the stores.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from roomtone.demo.district.cast import TeacherPart

__all__ = ["LIMIT", "Put"]

LIMIT: Final = 10
"""The fewest teachers of which something is shown beyond their school."""


@dataclass(slots=True)
class Put:
    """Counts by month, such as "2026-10", and teacher."""

    lessons: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    steps: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    talks: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    talk_minutes: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    cycles: dict[int, list[tuple[date, date | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """Teacher → when each of their cycles began and was closed."""
    pulse: Counter[tuple[date, str]] = field(default_factory=Counter)
    """(Monday, school) → answers to the weekly question."""
    cohort: str = ""
    """Its id."""
    members: set[int] = field(default_factory=set)
    handed: Counter[str] = field(default_factory=Counter)
    """Question of the cohort → answers that were handed to it."""
    replies: Counter[str] = field(default_factory=Counter)
    """Question → what members said to these answers."""
    clip: str = ""
    """The id of the clip that is shown in the cohort, if there is one."""
    keepers: dict[str, int] = field(default_factory=dict)
    """Role → people who keep their time."""
    own_weeks: int = 0
    """Weeks that the demo's own teacher keeps."""
    latest: str = ""
    """The id of the last lesson of the demo's own teacher that is over and was talked about."""
    scored: int = 0
    """Lessons with scores."""
    of_teacher: dict[int, TeacherPart] = field(default_factory=dict)

    def months(self) -> list[str]:
        """Those with lessons, in order."""
        return sorted(self.lessons)

    def teachers(self, month: str, site: str | None = None) -> set[int]:
        """Who had a lesson in a month; of a school, or of all."""
        return {
            number
            for number in self.lessons[month]
            if site is None or self.of_teacher[number].school.site == site
        }

    def with_cycle(self, month: str, site: str | None = None) -> set[int]:
        """Those of them who had an open cycle in it."""
        return {
            number
            for number in self.teachers(month, site)
            if any(
                f"{began:%Y-%m}" <= month and (over is None or f"{over:%Y-%m}" >= month)
                for began, over in self.cycles[number]
            )
        }

    def report(self, month: str, site: str) -> dict[str, int] | None:
        """What may leave of a month and school: figure → count; None for too few teachers."""
        teachers = self.teachers(month, site)
        if len(teachers) < LIMIT:
            return None
        found = {"teachers": len(teachers)}
        having = {
            "with_cycle": dict.fromkeys(self.with_cycle(month, site), 1),
            "with_step": dict.fromkeys(self._of(self.steps, month, teachers), 1),
            "with_talk": dict.fromkeys(self._of(self.talks, month, teachers), 1),
            "lessons": self._of(self.lessons, month, teachers),
            "steps": self._of(self.steps, month, teachers),
            "talks": self._of(self.talks, month, teachers),
            "talk_minutes": self._of(self.talk_minutes, month, teachers),
        }
        for name, counts in having.items():
            few = (len(counts), len(teachers) - len(counts))
            if not any(0 < each < LIMIT for each in few):
                found[name] = sum(counts.values())
        return found

    @staticmethod
    def _of(counts: dict[str, Counter[int]], month: str, teachers: set[int]) -> dict[int, int]:
        return {number: n for number, n in counts[month].items() if number in teachers}
