"""The table of facts as settings: how pupils behave, move and sound, and what sensors do.

The source of each default: *Godwin* (off-task time, 2013), *Kofler* (2008), *Shield &
Dockrell* (140 rooms, 2004), *coded* (video-coded sessions), *measured* (desk and wrist sensors),
*data sheet*, or *assumed* if no source is known.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from contract.settings import Settings

__all__ = [
    "Movement",
    "NotNegative",
    "NotNegativeRange",
    "OffTask",
    "Sensors",
    "Sound",
]

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]


def _check_range(value: object) -> object:
    """Return a range unchanged; raises ValueError if its ends are in the wrong order."""
    if isinstance(value, list | tuple) and len(value) == 2 and value[0] > value[1]:
        raise ValueError("a range runs from its lower to its higher end")
    return value


PositiveRange = Annotated[tuple[Positive, Positive], BeforeValidator(_check_range)]
NotNegativeRange = Annotated[tuple[NotNegative, NotNegative], BeforeValidator(_check_range)]
ShareRange = Annotated[tuple[Share, Share], BeforeValidator(_check_range)]


class OffTask(Settings):
    """How often pupils are off task, and how."""

    individual_work: Share = 0.30
    """Share of off-task time (Godwin)."""
    whole_class: Share = 0.28
    """Share of off-task time (Godwin)."""
    small_group: Share = 0.18
    """Share of off-task time (Godwin)."""
    test: Share = 0.10
    """Share of off-task time (Kofler, fitted)."""
    transition: Share = 0.28
    """Share of off-task time (assumed as in whole-class teaching)."""
    pupil_sd: NotNegative = 0.10
    """Standard deviation between pupils of a class (Godwin, fitted)."""
    class_sd: NotNegative = 0.06
    """Standard deviation between classes (Godwin, fitted)."""
    rise_over_40_min: Annotated[float, Field(ge=-0.5, le=0.5)] = 0.05
    """Rise of the share in 40 minutes (Godwin)."""
    peers: Share = 0.45
    """Share of off-task time with neighbours: movement and talk (Godwin)."""
    self_directed: Share = 0.18
    """Share of fiddling with oneself: movement (Godwin)."""
    looking_away: Share = 0.16
    """Share of looking away: still (Godwin)."""
    supplies: Share = 0.11
    """Share of playing with things on the table: movement (Godwin)."""
    other: Share = 0.10
    """Share of the rest, half of it still (Godwin; the half is assumed)."""
    bout_median_s: Positive = 30.0
    """Median length of a bout, log-normal (coded)."""
    bout_sigma: Annotated[float, Field(ge=0.0, le=2.0)] = 1.0
    """Sigma of the logarithm of a bout's length (coded)."""
    infection: Annotated[float, Field(ge=0.0, le=10.0)] = 2.0
    """How much a neighbour's off-task talk raises the rate at which bouts begin: with 2, the rate
    triples if all neighbours talk (assumed)."""
    restless_spells: NotNegative = 1.5
    """Spells in 45 minutes in which the whole room is restless (assumed)."""
    spell_s: PositiveRange = (60.0, 240.0)
    """Length of such a spell (assumed)."""
    spell_odds: Annotated[float, Field(ge=1.0, le=20.0)] = 4.0
    """Factor on the odds of being off task in it; the shares above include it (assumed)."""

    @model_validator(mode="after")
    def _kinds_are_all(self) -> Self:
        total = sum(self.kind_shares)
        if abs(total - 1.0) > 1e-6:
            raise ValueError(
                "peers, self_directed, looking_away, supplies and other that add up to 1, "
                f"not {total:.3f}"
            )
        return self

    @property
    def kind_shares(self) -> tuple[float, ...]:
        """Shares of the kinds in the order of `truth.OFF_TASK_KINDS`."""
        return (self.peers, self.self_directed, self.looking_away, self.supplies, self.other)


class Movement(Settings):
    """How the seats move. Ranges are RMS over three axes, in mg, before the sensor's noise."""

    still_mg: PositiveRange = (2.0, 5.0)
    """A pupil who sits still (measured)."""
    hands_mg: PositiveRange = (5.0, 15.0)
    """Writing (measured), and hands at other things while off task (assumed the same)."""
    wiggle_mg: PositiveRange = (30.0, 150.0)
    """A bout of wiggling (measured)."""
    posture_shift_mg: PositiveRange = (100.0, 400.0)
    """A posture shift (measured)."""
    leg_bounce_mg: PositiveRange = (15.0, 60.0)
    """A bouncing leg (measured)."""
    leg_bounce_hz: PositiveRange = (4.0, 6.0)
    """Its rate (measured)."""
    walking_mg: PositiveRange = (30.0, 100.0)
    """Fetching something, coming and going (assumed)."""
    lively_on_task: ShareRange = (0.10, 0.20)
    """Share of a pupil's on-task time that is lively: writing or fetching (design, section 5)."""
    fetching: Share = 0.15
    """The part of lively on-task time that is fetching (assumed)."""
    lively_median_s: Positive = 20.0
    """Median length of a stretch of writing, log-normal with sigma 0.6 (assumed)."""
    per_45_min: tuple[NotNegative, NotNegative] = (48.0, 7.0)
    """Mean and standard deviation of task-unrelated movements (boys observed in schools)."""
    very_lively_per_45_min: tuple[NotNegative, NotNegative] = (79.0, 16.0)
    """The same for very lively pupils (boys observed in schools)."""
    very_lively: Share = 0.12
    """Share of very lively pupils (assumed)."""
    off_task_ratio: Positive = 8.0
    """How many times likelier such a movement is in a second of moving off-task time than in
    another second (assumed)."""
    posture_share: Share = 0.25
    """Share of posture shifts among these movements; the others are wiggles (assumed)."""
    wiggle_median_s: Positive = 4.0
    """Median length of a wiggle, log-normal with sigma 0.6 (assumed)."""
    leg_bounce: ShareRange = (0.1, 0.7)
    """Share of a pupil's bouts of fiddling with themselves in which a leg bounces (assumed)."""
    leg_bounce_writing: Share = 0.5
    """How often a leg bounces in a stretch of writing, relative to that share (assumed)."""
    wandering: Share = 0.5
    """Share of the moving part of `off_task.other` that is walking about (assumed)."""
    tilt_sd_deg: NotNegative = 3.0
    """Standard deviation of a seat's tilt after a posture shift (assumed)."""


Level = Annotated[float, Field(ge=20.0, le=110.0)]


class Sound(Settings):
    """How loud the room is. Levels are LAeq in dB(A)."""

    individual_work: Level = 65.0
    """At tables with talk (Shield & Dockrell)."""
    whole_class: Level = 61.0
    """One speaker (Shield & Dockrell)."""
    small_group: Level = 73.0
    """Group work (Shield & Dockrell)."""
    test: Level = 56.0
    """Silent reading (Shield & Dockrell)."""
    transition: Level = 72.0
    """Movement (Shield & Dockrell)."""
    room_sd_db: NotNegative = 2.0
    """Standard deviation between rooms (assumed)."""
    l10_over_l50_db: NotNegative = 5.0
    """L10 - L50 of the one-second levels (class of 38, measured: 63 and 58)."""
    l50_over_l90_db: NotNegative = 16.0
    """L50 - L90 of the one-second levels (class of 38, measured: 58 and 42)."""
    lag_1: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.35
    """Correlation of a second's level with the next (class of 38, measured)."""
    within_second_db: NotNegative = 3.0
    """Standard deviation of the 125-ms levels in a second (assumed)."""
    talk_share: Share = 0.35
    """The part of the sound energy that is off-task talk, on average (assumed)."""
    empty_room_db: Level = 36.0
    """The room without people (assumed)."""
    disturbances: NotNegative = 3.0
    """Disturbances in 45 minutes (assumed)."""
    disturbance_db: NotNegativeRange = (8.0, 15.0)
    """How far a disturbance is over the activity's level (assumed, design table)."""
    disturbance_s: PositiveRange = (5.0, 30.0)
    """Its length (assumed, design table)."""
    alarm_db: Level = 90.0
    """The alarm of a fire drill (assumed)."""


class Sensors(Settings):
    """What the hardware adds and loses."""

    rate_hz: Annotated[int, Field(ge=25, le=100)] = 50
    """Samples a second (design)."""
    counts_per_g: Annotated[int, Field(ge=32, le=16384)] = 256
    """Resolution (ADXL345 data sheet: 256 counts a g)."""
    range_g: Positive = 4.0
    """Values beyond the range are cut off (data sheet)."""
    noise_mg: NotNegativeRange = (2.0, 3.0)
    """RMS noise of an axis, drawn for each sensor (ADXL345 data sheet at 50 Hz)."""
    gain_sd: Annotated[float, Field(ge=0.0, le=0.2)] = 0.03
    """Standard deviation of the gain between sensors (data sheet)."""
    zero_g_mg: NotNegative = 40.0
    """Largest offset of an axis at rest (data sheet)."""
    mounting: Literal["any", "level"] = "any"
    """`any`: each sensor has a random orientation; `level`: all have z upwards (assumed)."""
    dropouts: NotNegative = 2.0
    """How often in 45 minutes readings of a seat or a whole hub are missing (assumed)."""
    dropout_s: PositiveRange = (2.0, 20.0)
    """Length of such a dropout (assumed)."""
