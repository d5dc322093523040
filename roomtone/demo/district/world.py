"""The district while it is filled: its stores, who is who in them, and what was put there."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from roomtone.demo.district.calendar import Calendar
from roomtone.demo.district.cast import Cast
from roomtone.demo.district.put import Put
from school import School
from school.audit.actor import Actor
from school.people.records import Person

__all__ = ["Heard", "World"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heard:
    """What a video of a lesson has to fit to."""

    levels: NDArray[np.float64]
    """(seconds,) dB(A), as the kit sent them."""
    lively_s: int
    """The second of the moment that people talk about."""


@dataclass(slots=True, kw_only=True)
class World:
    """Everybody by their number in the cast."""

    school: School
    folder: Path
    """Of the data, the settings and the roster."""
    data: Path
    calendar: Calendar
    cast: Cast
    seed: int
    now_utc_ns: int
    teachers: dict[int, Person] = field(default_factory=dict)
    coaches: dict[int, Person] = field(default_factory=dict)
    heard: dict[str, Heard] = field(default_factory=dict)
    """Lessons of the demo's own teacher."""
    put: Put = field(default_factory=Put)

    def draw(self, what: str) -> random.Random:
        """A source of its own for each subject, so that one does not change the others."""
        return random.Random(f"{what} {self.seed}")

    def teacher(self, number: int, utc_ns: int) -> Actor:
        """A teacher who does something."""
        return _actor(self.teachers[number], utc_ns)

    def coach(self, number: int, utc_ns: int) -> Actor:
        """A coach who does something."""
        return _actor(self.coaches[number], utc_ns)

    def office(self, utc_ns: int) -> Actor:
        """Whoever runs the programme."""
        return Actor(name="roomtone demo", utc_ns=utc_ns)


def _actor(person: Person, utc_ns: int) -> Actor:
    return Actor(name=person.name, utc_ns=utc_ns, person=person.id)
