"""Scores a lesson, epoch by epoch: movement and off-task share of room and zones, with intervals.

A seat's probability never leaves this module; results are means over a room, or a zone of at least
five seats. `LessonScorer` takes seconds as they come and returns an `EpochScore` for each full
epoch: five seconds that begin with a seq divisible by five.

Rooms are scored together: `LessonScorer.steps` is a generator that yields each full epoch and
receives its score, and `score_together` runs the generators of several rooms, one epoch of each at
a time. It computes the features of all their seats along one axis and calls the model once. Each
room gets exactly the result it would get alone.

Zones are decided once per lesson. In the first two minutes only the room is scored; then zones with
fewer than five occupied seats are merged with a neighbour for the rest of the lesson. A zone that
later has fewer than five judged seats is hidden for those epochs. If a lesson is rescored after its
end, the scorer is given zones merged by who sat there for most of the lesson; they start after two
minutes as well.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from contract.lesson import Zone
from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES
from models.features.seat_features import EPOCH_S, EpochFeatures, SeatFeatures, update_together
from models.features.zones import merge_zones
from models.serving.manifest import ModelManifest
from models.serving.pooling import Unbiased, score_epoch
from models.serving.scores import EpochScore

__all__ = ["FullEpoch", "LessonScorer", "ScoringModel", "Steps", "score_together"]

_ZONES_AFTER: Final = 24  # epochs: two minutes
_LONGEST_SILENCE_S: Final = 600
_MAX_TOGETHER: Final = 64
"""Rooms: with more, the arrays outgrow the processor's cache and nothing is gained."""

Array = NDArray[np.float32]


class ScoringModel(Protocol):
    """A model that scores seats; its manifest says how to pool the probabilities."""

    @property
    def manifest(self) -> ModelManifest: ...

    def probability(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Calibrated probabilities (n,) from features (n, features)."""


@dataclass(frozen=True, slots=True, eq=False)
class FullEpoch:
    """A complete epoch that waits for its score: (5, seats, 13) and (5, 5)."""

    scorer: LessonScorer
    first_seq: int
    seat: Array
    room: Array


Result = TypeVar("Result")
Steps = Generator[FullEpoch, EpochScore, Result]
"""Yields full epochs in order, receives the score of each, and returns a result."""


class LessonScorer:
    """Scores one lesson of one room. Periods have to come in the order of their seq."""

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
        self.model = model
        self._unbiased = Unbiased(model.manifest.bias)
        self._column = {seat: at for at, seat in enumerate(seats)}
        self._groups = [self._columns(zone) for zone in zones]
        self.features = SeatFeatures(seats=len(seats), groups=self._groups)
        self._clear()
        self._next: int | None = None
        self._epochs = 0
        self._judged_epochs = 0
        self._present_epochs = np.zeros(len(seats), np.int64)
        self.zones: tuple[Zone, ...] | None = None
        """The zones of this lesson; None before they are decided."""
        self._zone_columns: list[NDArray[np.intp]] = []
        if decided is not None:
            self._decide(decided)

    def whole_lesson_zones(self) -> tuple[Zone, ...]:
        """The declared zones, merged by who sat there for most of the epochs so far."""
        mostly_present = np.flatnonzero(2 * self._present_epochs > self._judged_epochs)
        return merge_zones(self.declared_zones, {self.seats[at] for at in mostly_present})

    def update(self, first_seq: int, seat: Array, room: Array) -> list[EpochScore]:
        """Score the epochs that these periods complete, without other rooms; see `steps`."""
        (scores,) = score_together([self.steps(first_seq, seat, room)])
        return scores

    def steps(self, first_seq: int, seat: Array, room: Array) -> Steps[list[EpochScore]]:
        """Yield the epochs that these periods complete; `seat` is (n, seats, 13) and `room` (n, 5).

        Seconds left out between calls count as missing. After ten minutes of them the seats'
        normals start again, and the silence gives no epochs. Periods that were already given are
        skipped, so a caller that joins several runs of an agent keeps counting.
        """
        width, noises = len(SEAT_QUANTITIES), len(ROOM_QUANTITIES)
        if seat.shape[1:] != (len(self.seats), width) or room.shape != (len(seat), noises):
            raise ValueError(
                f"quantities have the shapes {seat.shape} and {room.shape}, expected "
                f"(n, {len(self.seats)}, {width}) and (n, {noises})"
            )
        scores: list[EpochScore] = []
        if self._next is None or first_seq - self._next > _LONGEST_SILENCE_S:
            self._next = first_seq - first_seq % EPOCH_S
            self.features = SeatFeatures(seats=len(self.seats), groups=self._groups)
            self._unbiased = Unbiased(self.model.manifest.bias)
            self._clear()
        end = first_seq + len(seat)
        while self._next < end:
            start = self._next - self._next % EPOCH_S
            stop = min(start + EPOCH_S, end)
            low = max(self._next, first_seq)
            if low < stop:
                self._seat[low - start : stop - start] = seat[low - first_seq : stop - first_seq]
                self._room[low - start : stop - start] = room[low - first_seq : stop - first_seq]
            self._next = stop
            if stop == start + EPOCH_S:
                full = FullEpoch(self, start, self._seat, self._room)
                self._clear()
                scores.append((yield full))
        return scores

    def score(
        self, first_seq: int, features: EpochFeatures, judged: NDArray[np.float64]
    ) -> EpochScore:
        """The epoch's score from the probabilities of the seats that are judged."""
        self._epochs += 1
        if self.zones is None and self._epochs >= _ZONES_AFTER:
            here = {self.seats[at] for at in np.flatnonzero(features.present)}
            self._decide(merge_zones(self.declared_zones, here))
        if len(judged):
            self._judged_epochs += 1
            self._present_epochs += features.present
        probability = np.full(len(self.seats), np.nan)
        probability[features.known & features.present] = judged
        interval = self.model.manifest.interval
        # Zones known in advance start as late as others, so a rescored lesson has the same epochs.
        names: list[str] = []
        columns: list[NDArray[np.intp]] = []
        if self._epochs >= _ZONES_AFTER and self.zones is not None:
            names, columns = [zone.name for zone in self.zones], self._zone_columns
        return self._unbiased.update(
            score_epoch(first_seq, features, probability, names, columns, interval)
        )

    def _clear(self) -> None:
        self._seat = np.full((EPOCH_S, len(self.seats), len(SEAT_QUANTITIES)), np.nan, np.float32)
        self._room = np.full((EPOCH_S, len(ROOM_QUANTITIES)), np.nan, np.float32)

    def _decide(self, zones: tuple[Zone, ...]) -> None:
        self.zones = zones
        self._zone_columns = [self._columns(zone) for zone in zones]

    def _columns(self, zone: Zone) -> NDArray[np.intp]:
        return np.array([self._column[s] for s in zone.seats if s in self._column], np.intp)


def score_together(lessons: Iterable[Steps[Result]]) -> list[Result]:
    """Run the steps of several lessons to their ends; returns results in the order of the ends.

    At most `_MAX_TOGETHER` lessons run at a time. The next one starts when another ends, so the
    data of waiting lessons is not in memory. All lessons must have the same model.
    """
    begins = iter(lessons)
    waiting: list[tuple[Steps[Result], FullEpoch]] = []
    results: list[Result] = []
    while True:
        while len(waiting) < _MAX_TOGETHER and (steps := next(begins, None)) is not None:
            _advance(steps, None, waiting, results)
        if not waiting:
            return results
        scores = _scored([epoch for _, epoch in waiting])
        scored, waiting = waiting, []
        for (steps, _), score in zip(scored, scores, strict=True):
            _advance(steps, score, waiting, results)


def _advance(
    steps: Steps[Result],
    score: EpochScore | None,
    waiting: list[tuple[Steps[Result], FullEpoch]],
    results: list[Result],
) -> None:
    """Run a lesson until its next full epoch, or its end."""
    try:
        epoch = next(steps) if score is None else steps.send(score)
    except StopIteration as end:
        results.append(end.value)
    else:
        waiting.append((steps, epoch))


def _scored(epochs: Sequence[FullEpoch]) -> list[EpochScore]:
    """Score one epoch of each of several lessons."""
    model = epochs[0].scorer.model
    if any(epoch.scorer.model is not model for epoch in epochs):
        raise ValueError("lessons that are scored together must have the same model")
    features = update_together(
        [epoch.scorer.features for epoch in epochs],
        [epoch.seat for epoch in epochs],
        [epoch.room for epoch in epochs],
    )
    judged = [one.values[one.known & one.present] for one in features]
    edges = [0, *accumulate(map(len, judged))]
    probability = model.probability(np.concatenate(judged)) if edges[-1] else np.empty(0)
    return [
        epoch.scorer.score(epoch.first_seq, one, probability[start:end])
        for epoch, one, (start, end) in zip(epochs, features, pairwise(edges), strict=True)
    ]
