"""A scenario describes a class: its seats, its lesson, its habits and its sensors.

It is read from TOML; `scenarios/example.toml` shows every key with its default and its source.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from contract.errors import ConfigurationError, UsageError
from contract.lesson import Activity, ActivityName, Zone
from contract.settings import Settings
from simulators.facts import Movement, NotNegative, NotNegativeRange, OffTask, Sensors, Sound

__all__ = [
    "SCENARIO_FOLDER",
    "ActivitySpan",
    "FireDrill",
    "PlannedSpell",
    "Room",
    "Scenario",
    "load_scenario",
    "scenario_names",
]

SCENARIO_FOLDER: Final = Path(__file__).parent / "scenarios"

Minutes = Annotated[float, Field(gt=0.0, le=24 * 60.0)]


class Room(Settings):
    """The seats, and which of them are used."""

    hubs: Annotated[
        tuple[Annotated[int, Field(ge=1, le=8)], ...], Field(min_length=1, max_length=8)
    ] = (8, 8, 7, 7)
    """Seats on each hub; a hub serves one group of tables. Seats are numbered from 1."""
    zones: tuple[tuple[Annotated[int, Field(ge=1, le=64)], ...], ...] = ()
    """Seat numbers of each zone; empty: one zone per hub."""
    empty_seats: Annotated[int, Field(ge=0)] = 1
    """Seats that stay empty for the whole lesson (assumed)."""
    late_comers: Annotated[int, Field(ge=0)] = 1
    """Pupils who arrive after the lesson's start (assumed)."""
    late_minutes: NotNegativeRange = (1.0, 6.0)
    """How late they are (assumed)."""

    @model_validator(mode="after")
    def _seats_exist(self) -> Self:
        seats = sum(self.hubs)
        listed = [seat for zone in self.zones for seat in zone]
        if len(set(listed)) != len(listed):
            raise ValueError("zones that share no seat")
        if listed and max(listed) > seats:
            raise ValueError(f"zones of the seats 1 to {seats}, which the hubs have")
        if self.empty_seats + self.late_comers > seats:
            raise ValueError(f"no more than {seats} empty seats and late-comers together")
        return self


class ActivitySpan(Settings):
    """One span of the lesson; spans follow one another."""

    name: ActivityName
    """What the class does: individual_work, whole_class, small_group, test or transition."""
    minutes: Minutes
    """How long it takes."""
    level_db: Annotated[float, Field(ge=30.0, le=100.0)] | None = None
    """LAeq in dB(A) if it differs from the `sound` table, such as 77 for group work with
    movement (Shield & Dockrell)."""


class FireDrill(Settings):
    """The alarm sounds, the class leaves and returns."""

    at_minute: NotNegative
    """When the alarm sounds."""
    minutes: Minutes = 5.0
    """Time from the alarm until everyone sits again (assumed)."""


class PlannedSpell(Settings):
    """A restless spell at a fixed time, for example for a demo."""

    at_minute: NotNegative
    """When it begins."""
    minutes: Minutes = 3.0
    """Its length, also in a shortened lesson."""


class Scenario(Settings):
    """A class and a lesson; a `Classroom` draws its pupils from it."""

    name: Annotated[str, Field(min_length=1, max_length=64)] = "an ordinary class"
    """The scenario's name."""
    behaviour: Literal["bouts", "autoregressive"] = "bouts"
    """The generator of pupils' behaviour, by its name in `simulators.BEHAVIOURS`."""
    activities: Annotated[tuple[ActivitySpan, ...], Field(min_length=1)] = (
        ActivitySpan(name="whole_class", minutes=12.0),
        ActivitySpan(name="individual_work", minutes=18.0),
        ActivitySpan(name="transition", minutes=1.0),
        ActivitySpan(name="small_group", minutes=12.0),
        ActivitySpan(name="whole_class", minutes=2.0),
    )
    """The lesson's spans, one after the other."""
    room: Room = Room()
    off_task: OffTask = OffTask()
    movement: Movement = Movement()
    sound: Sound = Sound()
    sensors: Sensors = Sensors()
    fire_drills: tuple[FireDrill, ...] = ()
    """Fire drills; usually none."""
    planned_spells: tuple[PlannedSpell, ...] = ()
    """Restless spells in addition to the random ones; usually none."""

    @model_validator(mode="after")
    def _drills_fit(self) -> Self:
        drills = sorted(self.fire_drills, key=lambda drill: drill.at_minute)
        for drill in drills:
            if drill.at_minute + drill.minutes > self.minutes:
                raise ValueError(f"fire drills that end within the lesson's {self.minutes:g} min")
        if any(a.at_minute + a.minutes > b.at_minute for a, b in pairwise(drills)):
            raise ValueError("fire drills one after the other")
        return self

    @property
    def minutes(self) -> float:
        """How long the lesson is."""
        return sum(span.minutes for span in self.activities)

    @property
    def periods(self) -> int:
        """Its whole seconds."""
        return max(1, round(self.minutes * 60.0))

    @property
    def seats(self) -> tuple[int, ...]:
        """All seat numbers, in the order of the hubs."""
        return tuple(range(1, sum(self.room.hubs) + 1))

    @property
    def hub_seats(self) -> tuple[tuple[int, ...], ...]:
        """The seat numbers of each hub."""
        firsts = accumulate(self.room.hubs, initial=1)
        return tuple(tuple(range(first, end)) for first, end in pairwise(firsts))

    @property
    def zones(self) -> tuple[Zone, ...]:
        """The zones as a coach would see them."""
        groups = self.room.zones or self.hub_seats
        return tuple(
            Zone(name=f"Table {i}", seats=tuple(seats)) for i, seats in enumerate(groups, 1)
        )

    @property
    def declared_activities(self) -> tuple[Activity, ...]:
        """The spans as a teacher would declare them."""
        ends = accumulate((span.minutes * 60.0 for span in self.activities), initial=0.0)
        return tuple(
            Activity(start_s=start, end_s=end, name=span.name)
            for span, (start, end) in zip(self.activities, pairwise(ends), strict=True)
        )

    def lasting(self, minutes: float) -> Scenario:
        """The same lesson with a length of `minutes`.

        Spans, drills and late arrivals are scaled; the pupils' habits and the length of planned
        spells stay the same.
        """
        if not 0.0 < minutes <= 24 * 60.0:
            raise UsageError(
                f"A lesson can't last {minutes:g} minutes; expected above 0, up to 1440."
            )
        factor = minutes / self.minutes
        room = self.room.model_copy(
            update={"late_minutes": tuple(factor * late for late in self.room.late_minutes)}
        )
        return self.model_copy(
            update={
                "room": room,
                "activities": tuple(
                    span.model_copy(update={"minutes": span.minutes * factor})
                    for span in self.activities
                ),
                "fire_drills": tuple(
                    FireDrill(at_minute=drill.at_minute * factor, minutes=drill.minutes * factor)
                    for drill in self.fire_drills
                ),
                "planned_spells": tuple(
                    PlannedSpell(at_minute=spell.at_minute * factor, minutes=spell.minutes)
                    for spell in self.planned_spells
                ),
            }
        )


def scenario_names() -> tuple[str, ...]:
    """The scenarios that come with the program."""
    return tuple(sorted(path.stem for path in SCENARIO_FOLDER.glob("*.toml")))


def load_scenario(name_or_path: str | Path) -> Scenario:
    """Load a shipped scenario by its name, or another by the path of its TOML file.

    ConfigurationError names the key, its value and what is expected.
    """
    text = str(name_or_path)
    if text in scenario_names():
        return Scenario.load(SCENARIO_FOLDER / f"{text}.toml")
    if Path(text).exists() or text.endswith(".toml"):
        return Scenario.load(Path(text))
    raise ConfigurationError(
        "--scenario",
        "scenario",
        text,
        f"the path of a TOML file or one of {', '.join(scenario_names())}",
    )
