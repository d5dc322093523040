"""What a measure says of one lesson, and what holds for each kind of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

__all__ = ["RULES", "MeasureKind", "MeasureRule", "Measured"]

MeasureKind = Literal["calm", "movement", "noise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRule:
    """How lessons are compared by a measure; docs/measures.md says why these numbers."""

    least: float
    """In the measure's unit: a smaller difference of two means is not shown."""
    spread: float
    """The least standard deviation between lessons that is assumed, in the scale of comparison."""
    shift: float | None = None
    """Compared are logarithms of value plus shift; None for the values themselves."""


RULES: Final[Mapping[MeasureKind, MeasureRule]] = MappingProxyType({
    "calm": MeasureRule(least=10.0, spread=0.25, shift=60.0),
    "movement": MeasureRule(least=0.5, spread=0.5),
    "noise": MeasureRule(least=1.0, spread=0.5),
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A measure of one lesson.

    Units: "calm" seconds, n changes of activity; "movement" minutes of each ten, n minutes; "noise"
    dB(A), n minutes.
    """

    kind: MeasureKind
    value: float
    low: float | None
    """The lower end of the 95 % interval; None where n is too small for one."""
    high: float | None
    n: int
    is_at_least: bool = False
    """Of "calm": in one of the changes the room was not calm within the time that is looked at."""
