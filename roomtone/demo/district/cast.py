"""Who is in the district, and what each of them does: drawn from a seed, before anything is kept. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulators.one_roster.district import SCHOOLS

__all__ = ["GROUPS", "SITES", "WAVES", "Cast", "CoachPart", "School", "TeacherPart", "cast_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class School:
    """A school, and how many of its teachers do what."""

    site: str
    title: str
    teachers: int
    coached: int
    keep_time: int
    answer: int
    """Those who answer the weekly question; fewer in some weeks."""
    wave: int
    """With which wave of the roll-out it begins, from 0 on."""


SITES: Final = (
    School(site="ash", title=SCHOOLS[0], teachers=24, coached=12, keep_time=16, answer=14, wave=0),
    School(site="birch", title=SCHOOLS[1], teachers=20, coached=10, keep_time=14, answer=12, wave=1),
    School(site="cedar", title=SCHOOLS[2], teachers=16, coached=6, keep_time=10, answer=4, wave=1),
)  # fmt: skip
"""Cedar is the small one: what is hidden of it, and what more has to be hidden for that."""
GROUPS: Final = {
    "north": ("The north", frozenset({"ash", "birch"})),
    "grant": ("Schools of the grant", frozenset({"birch", "cedar"})),
}
WAVES: Final = (("first", "First schools"), ("second", "All the others"))
"""Name and title of each wave of the roll-out."""
_COACHES: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherPart:
    """One teacher; the first one is the demo's own, whom no roster names."""

    number: int
    place: int
    """Within the school, from 0 on."""
    school: School
    coach: int | None
    """Which coach they work with; None for who is not coached."""
    keeps_time: bool
    answers: bool
    shows_topics: bool
    """Whether they show topics of theirs to colleagues."""

    @property
    def first_coached(self) -> int:
        """The number of their first lesson with coaching: those of the second wave begin later."""
        return 4 * self.school.wave

    @property
    def sign_in_name(self) -> str:
        """As the roster has it."""
        at = SITES.index(self.school)
        place = self.place - 1 if at == 0 else self.place
        return f"t-{at}-{place}@district.example"

    @property
    def room(self) -> str:
        """Two teachers share one."""
        return f"{self.school.site}-{self.place // 2 + 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoachPart:
    """A coach of the district, who belongs to no school; the first one is the demo's own."""

    number: int

    @property
    def name(self) -> str:
        return f"Coach {'ABCDEFGH'[self.number]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Everybody."""

    teachers: tuple[TeacherPart, ...]
    coaches: tuple[CoachPart, ...]

    def of_roster(self) -> tuple[int, ...]:
        """How many teachers of each school a roster names."""
        return tuple(school.teachers - (at == 0) for at, school in enumerate(SITES))


def cast_of(seed: int) -> Cast:
    """The same people for the same seed."""
    draw = random.Random(f"cast {seed}")
    teachers: list[TeacherPart] = []
    coached = 0
    for school in SITES:
        is_first = not teachers
        with_coach = _some(draw, school, school.coached, with_first=is_first)
        keeping = _some(draw, school, school.keep_time, with_first=is_first)
        answering = _some(draw, school, school.answer, with_first=is_first)
        showing = _some(draw, school, school.teachers // 2, with_first=is_first)
        for place in range(school.teachers):
            is_coached = place in with_coach
            teachers.append(
                TeacherPart(
                    number=len(teachers), place=place, school=school,
                    coach=coached % _COACHES if is_coached else None,
                    keeps_time=place in keeping, answers=place in answering,
                    shows_topics=place in showing,
                )
            )  # fmt: skip
            coached += is_coached
    coaches = tuple(CoachPart(number=number) for number in range(_COACHES))
    return Cast(teachers=tuple(teachers), coaches=coaches)


def _some(draw: random.Random, school: School, count: int, *, with_first: bool) -> Sequence[int]:
    """Places of a school's teachers; the demo's own teacher does everything."""
    if with_first:
        return [0, *draw.sample(range(1, school.teachers), count - 1)]
    return draw.sample(range(school.teachers), count)
