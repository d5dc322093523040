"""Learns alerts from simulated lessons and a school's labels together.

The trees stay those of the model that scored the school's lessons, because the labels depend on its
shares. The two estimates are fitted again, on simulated and labelled rows. The thresholds come from
simulated lessons alone, because only there every false alert is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np

from models.evaluation.holdout import probabilities
from models.learning.alert_learning import (
    AreaStream,
    ExtraRows,
    area_streams,
    fit_alerts,
    fit_estimate,
)
from models.learning.rows import LessonRows
from models.school_model.labels import LabelledMoment
from models.school_model.recalibration import Estimates, HeldOut, hold_out
from models.serving.alerts import AlertPolicy
from models.serving.off_task import OffTaskModel

__all__ = ["LabelTraining", "extra_rows"]

_MOMENT_WEIGHT: Final = 60.0
"""A labelled moment has the weight of five simulated minutes, whatever its length: nine answers
weigh as much as a simulated lesson of 45 minutes. It is about real pupils, so an epoch of it is
worth more than a simulated one; but its epochs are all similar, so more epochs add little."""
_GROUPS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelTraining:
    """Simulated lessons as streams of areas, to learn from together with labels."""

    rooms: tuple[AreaStream, ...]
    zones: tuple[tuple[AreaStream, ...], ...]

    @classmethod
    def of(cls, base: OffTaskModel, rows: Sequence[LessonRows]) -> LabelTraining:
        """From lessons that are not among the training lessons of `base`."""
        streams = [
            area_streams(one, p, base.manifest.interval, base.manifest.bias)
            for one, p in zip(rows, probabilities(base, rows), strict=True)
        ]
        return cls(
            rooms=tuple(areas[0] for areas in streams), zones=tuple(areas[1:] for areas in streams)
        )

    def estimates(self, moments: Sequence[LabelledMoment]) -> Estimates:
        room, zone = self._extra(moments)
        zones = [*chain.from_iterable(self.zones)]
        return Estimates(room=fit_estimate(self.rooms, room), zone=fit_estimate(zones, zone))

    def policies(self, moments: Sequence[LabelledMoment]) -> tuple[AlertPolicy, AlertPolicy]:
        """For the room and for zones."""
        room, zone = self._extra(moments)
        rooms = [[one] for one in self.rooms]
        return fit_alerts(rooms, extra=room), fit_alerts(self.zones, are_zones=True, extra=zone)

    def held_out(self, shipped: Estimates, moments: Sequence[LabelledMoment]) -> HeldOut:
        """How the estimates do on the school's lessons, held out in ten groups."""
        return hold_out(shipped, moments, self.estimates, groups=_GROUPS)

    def _extra(
        self, moments: Sequence[LabelledMoment]
    ) -> tuple[ExtraRows | None, ExtraRows | None]:
        zones = [*chain.from_iterable(self.zones)]
        return (
            extra_rows(moments, self.rooms, is_room=True),
            extra_rows(moments, zones, is_room=False),
        )


def extra_rows(
    moments: Sequence[LabelledMoment], areas: Sequence[AreaStream], *, is_room: bool
) -> ExtraRows | None:
    """The labelled rows of the room, or of zones, with their weights.

    Their total weight is at most that of the simulated epochs.
    """
    used = [moment for moment in moments if moment.is_room == is_room]
    if not used:
        return None
    simulated = sum(int(area.known.sum()) for area in areas)
    each = min(_MOMENT_WEIGHT, simulated / len(used))
    lengths = [len(moment.rows) for moment in used]
    return ExtraRows(
        values=np.concatenate([moment.rows for moment in used]),
        truth=np.repeat([moment.in_episode for moment in used], lengths),
        weight=np.repeat([each / length for length in lengths], lengths),
    )
