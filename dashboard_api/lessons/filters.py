"""What someone wants to see of their lessons: the same for the page and for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, Field

from dashboard_api.views.days import monday_of, start_of
from school.lessons.records import Lesson
from school.sharing.listing import Place, Wanted
from school.sharing.policy import Reach

__all__ = ["ApiFilters", "ListFilters", "Turn", "place_text"]

_LARGEST: Final = (1 << 63) - 1
_PLACE: Final = r"^(-?\d{1,19}\.[\s\S]{0,300})?$"
_WORD: Final = 200


def _none_if_empty(value: object) -> object:
    """A form sends its empty fields too."""
    return None if value == "" else value


def _false_if_empty(value: object) -> object:
    return False if value == "" else value


class ListFilters(BaseModel):
    """The fields of the search above the list; an empty one asks for nothing."""

    q: Annotated[str, Field(max_length=_WORD, description="Words in the title.")] = ""
    room: Annotated[str, Field(max_length=_WORD, description="Lessons in this room.")] = ""
    teacher: Annotated[
        str, Field(max_length=_WORD, description="Lessons under this teacher's name.")
    ] = ""
    day: Annotated[
        Annotated[date, Field(ge=date(1971, 1, 1), le=date(2199, 12, 31))] | None,
        BeforeValidator(_none_if_empty),
        Field(description="Lessons on this day and before."),
    ] = None
    week: Annotated[
        bool,
        BeforeValidator(_false_if_empty),
        Field(description="Only the week of `day`, or this week without one."),
    ] = False
    of: Annotated[
        Literal["", "own", "shared"],
        Field(description="Only your own lessons, or only those shared with you."),
    ] = ""
    after: Annotated[
        str,
        Field(
            pattern=_PLACE,
            description="Continue after this lesson, to earlier ones: its start in nanoseconds of "
            "UTC, a full stop, and its id.",
        ),
    ] = ""
    newer: Annotated[
        str,
        Field(pattern=_PLACE, description="The same to later ones; still the latest first."),
    ] = ""

    @property
    def is_search(self) -> bool:
        """Whether anything is asked for."""
        return any(getattr(self, name) for name in ListFilters.model_fields)

    @property
    def is_placed(self) -> bool:
        """Whether it says where in time to begin."""
        return bool(self.day or self.week or self.after or self.newer)

    def wanted(self, today: date, zone: tzinfo | None) -> Wanted:
        """The lessons that it asks for."""
        low: int | None = None
        high: int | None = None
        if self.week:
            monday = monday_of(self.day or today)
            low, high = start_of(monday, zone), start_of(monday + timedelta(days=7), zone)
        elif self.day is not None and not self.newer:
            high = start_of(self.day + timedelta(days=1), zone)
        return Wanted(
            room=self.room or None, teacher=self.teacher or None, words=self.q.strip(),
            from_utc_ns=low, to_utc_ns=high,
        )  # fmt: skip

    def reached(self, reached: frozenset[Reach]) -> frozenset[Reach]:
        """Which of the lessons that someone may see."""
        return frozenset(each for each in reached if self.of in ("", each))

    def turn(self) -> Turn:
        """Where to go on, and in which direction."""
        if self.newer:
            return Turn(beyond=_place(self.newer), is_to_later=True)
        return Turn(beyond=_place(self.after) if self.after else None, is_to_later=False)

    def address(self, **changes: object) -> str:
        """The start page with these filters, some of them changed."""
        values = {name: getattr(self, name) for name in ListFilters.model_fields} | changes
        asked = {name: "1" if value is True else value for name, value in values.items() if value}
        return f"/?{urlencode(asked)}" if asked else "/"


class ApiFilters(ListFilters):
    """The same for a program, which may also count pages."""

    number: Annotated[int, Field(ge=1, description="Page of 50 lessons, the latest first.")] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Where a page goes on."""

    beyond: Place | None
    is_to_later: bool


def place_text(lesson: Lesson) -> str:
    """A lesson's place, for `after` and `newer`."""
    return f"{lesson.starts_utc_ns}.{lesson.id}"


def _place(text: str) -> Place:
    starts, _, name = text.partition(".")
    return max(-_LARGEST, min(int(starts), _LARGEST)), name
