"""Scores of a lesson, epoch by epoch: what the room and its zones did, and how sure that is.

A seat's probability lives in here and goes no further: what leaves is the mean over a room or a
zone of five seats or more. `LessonScorer` takes seconds as they come and gives an `EpochScore` for
each full epoch, which is five seconds that begin with a seq divisible by five.

Zones are decided once in a lesson. In its first two minutes only the room is scored; then the
zones that have fewer than five occupied seats are merged with a neighbour for the rest of it. A
zone that later falls under five judged seats is held back for those epochs. Scoring a lesson again
after it has ended gives the scorer the zones merged by who sat there for most of it.
"""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from contract.lesson import Zone
from contract.quantities import ROOM_QUANTITIES, SEAT_QUANTITIES
from models.features import EPOCH_S, EpochFeatures, SeatFeatures
from models.off_task import Manifest
from models.pooling import score_epoch
from models.scores import EpochScore
from models.zones import merge_zones

__all__ = ["LessonScorer", "ScoringModel"]

_ZONES_AFTER: Final = 24  # epochs: two minutes
_LONGEST_SILENCE_S: Final = 600

Array = NDArray[np.float32]


class ScoringModel(Protocol):
    """What scores seats, with the manifest that tells how its probabilities are pooled."""

    @property
    def manifest(self) -> Manifest: ...

    def probability(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Calibrated probabilities (n,) from features (n, features)."""


class LessonScorer:
    """Scores one lesson of one room. Periods come in the order of their seq."""

    def __init__(
        self,
        *,
        model: ScoringModel,
        seats: tuple[int, ...],
        zones: tuple[Zone, ...],
        decided: tuple[Zone, ...] | None = None,
    ) -> None:
        self.seats = seats
        self.declared_zones = zones
        self.zones = decided
        """The zones of this lesson; None until they are decided."""
        self._model = model
        self._column = {seat: at for at, seat in enumerate(seats)}
        self._groups = [self._columns(zone) for zone in zones]
        self._features = SeatFeatures(seats=len(seats), groups=self._groups)
        self._seat = np.full((EPOCH_S, len(seats), len(SEAT_QUANTITIES)), np.nan, np.float32)
        self._room = np.full((EPOCH_S, len(ROOM_QUANTITIES)), np.nan, np.float32)
        self._next: int | None = None
        self._epochs = 0
        self._judged_epochs = 0
        self._present_epochs = np.zeros(len(seats), np.int64)

    def whole_lesson_zones(self) -> tuple[Zone, ...]:
        """The declared zones merged by who sat there for most of the epochs so far."""
        most = np.flatnonzero(2 * self._present_epochs > self._judged_epochs)
        return merge_zones(self.declared_zones, {self.seats[at] for at in most})

    def update(self, first_seq: int, seat: Array, room: Array) -> list[EpochScore]:
        """The epochs that these periods complete; `seat` is (n, seats, 13) and `room` (n, 5).

        Seconds that are left out between calls count as missing; after ten minutes of them the
        seats' normals start afresh, and no epochs are given for the silence. Periods that were
        given already are passed over, so a caller that joins the runs of an agent counts on.
        """
        if seat.shape[1:] != self._seat.shape[1:] or room.shape != (len(seat), self._room.shape[1]):
            raise ValueError(
                f"quantities of the shapes {seat.shape} and {room.shape}, expected "
                f"(n, {len(self.seats)}, {len(SEAT_QUANTITIES)}) and (n, {len(ROOM_QUANTITIES)})"
            )
        scores: list[EpochScore] = []
        if self._next is None or first_seq - self._next > _LONGEST_SILENCE_S:
            self._next = first_seq - first_seq % EPOCH_S
            self._features = SeatFeatures(seats=len(self.seats), groups=self._groups)
            self._clear()
        while self._next < first_seq:
            scores += self._second(None, None)
        for at in range(self._next - first_seq, len(seat)):
            scores += self._second(seat[at], room[at])
        return scores

    def _second(self, seat: Array | None, room: Array | None) -> list[EpochScore]:
        assert self._next is not None
        at = self._next % EPOCH_S
        if seat is not None and room is not None:
            self._seat[at], self._room[at] = seat, room
        self._next += 1
        if at < EPOCH_S - 1:
            return []
        features = self._features.update(self._seat, self._room)
        self._clear()
        return [self._score(self._next - EPOCH_S, features)]

    def _clear(self) -> None:
        self._seat[:] = np.nan
        self._room[:] = np.nan

    def _score(self, first_seq: int, features: EpochFeatures) -> EpochScore:
        self._epochs += 1
        if self.zones is None and self._epochs >= _ZONES_AFTER:
            here = {self.seats[at] for at in np.flatnonzero(features.present)}
            self.zones = merge_zones(self.declared_zones, here)
        judged = features.known & features.present
        if judged.any():
            self._judged_epochs += 1
            self._present_epochs += features.present
        probability = np.full(len(self.seats), np.nan)
        probability[judged] = self._model.probability(features.values[judged])
        columns = [self._columns(zone) for zone in self.zones or ()]
        names = [zone.name for zone in self.zones or ()]
        interval = self._model.manifest.interval
        return score_epoch(first_seq, features, probability, names, columns, interval)

    def _columns(self, zone: Zone) -> NDArray[np.intp]:
        return np.array([self._column[s] for s in zone.seats if s in self._column], np.intp)
