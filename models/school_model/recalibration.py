"""Adapts the alert score to a school, and checks that the result is an improvement.

The model's estimate for an area is p = sigmoid(z). A school's labels may show that moments are
worth talking about less often, or more often, than p says. Two numbers correct that: z becomes
slope · z + intercept, the map of J. Platt ("Probabilistic outputs for support vector machines",
1999), with a prior that pulls both towards the identity. As z is a weighted sum, the result is an
alert model like any other. Alerts become rarer or stay as they are, never more frequent, because
people only judged what was suggested. The check uses lessons that were not part of the fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.school_model.labels import LabelledMoment
from models.serving.alerts import AlertPolicy
from models.serving.area import AlertModel

__all__ = [
    "Estimates",
    "HeldOut",
    "Recalibration",
    "fit_recalibration",
    "hold_out",
    "recalibrated",
    "recalibration_of",
]

Array = NDArray[np.float64]

_SLOPE_SD: Final = 0.5
_INTERCEPT_SD: Final = 1.0
"""The prior: slope 1 ± 0.5, intercept 0 ± 1. About ten moments have the same weight."""
_IDENTITY: Final = np.array([1.0, 0.0])
_PRECISION: Final = np.array([_SLOPE_SD**-2, _INTERCEPT_SD**-2])
_MIN_SLOPE: Final = 0.05
"""Above 0, so that the order of scores stays the same."""
_STEPS: Final = 100
_DONE: Final = 1e-10
_RESAMPLES: Final = 2_000
_SEED: Final = 1
_MAX_LOGIT: Final = 30.0
_MAX_P: Final = 1.0 - 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalibration:
    """z becomes slope · z + intercept; the slope is above 0."""

    slope: float = 1.0
    intercept: float = 0.0

    def of(self, estimate: AlertModel) -> AlertModel:
        """The recalibrated alert model."""
        return AlertModel(
            weights=tuple(self.slope * weight for weight in estimate.weights),
            intercept=self.slope * estimate.intercept + self.intercept,
        )

    def policy(self, policy: AlertPolicy) -> AlertPolicy:
        """The policy with a recalibrated estimate; its thresholds may rise, but never fall."""
        assert policy.estimate is not None
        raise_above = max(policy.raise_above, self._probability(policy.raise_above))
        clear_below = max(policy.clear_below, self._probability(policy.clear_below))
        return replace(
            policy,
            estimate=self.of(policy.estimate),
            raise_above=raise_above,
            clear_below=min(clear_below, raise_above),
        )

    def _probability(self, p: float) -> float:
        logit = np.log(p) - np.log1p(-min(p, _MAX_P))
        return float(_sigmoid(np.array(self.slope * logit + self.intercept)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """The alert models of the room and of zones."""

    room: AlertModel
    zone: AlertModel

    def logits(self, moments: Sequence[LabelledMoment]) -> Array:
        """The mean z of each moment's epochs; recalibrating the mean or each epoch is the same."""
        found = np.empty(len(moments))
        for at, moment in enumerate(moments):
            estimate = self.room if moment.is_room else self.zone
            z = moment.rows @ np.array(estimate.weights) + estimate.intercept
            found[at] = np.clip(z, -_MAX_LOGIT, _MAX_LOGIT).mean()
        return found


def fit_recalibration(logits: Array, truth: NDArray[np.bool_]) -> Recalibration:
    """The most likely slope and intercept under the prior; the identity without labels."""
    design = np.column_stack([logits, np.ones_like(logits)])
    at = _minimise(design, truth, np.array([True, True]), _IDENTITY.copy())
    if at[0] < _MIN_SLOPE:
        # The cost is convex, so the minimum with the constraint is on this edge.
        edge = np.array([_MIN_SLOPE, 0.0])
        at = _minimise(design, truth, np.array([False, True]), edge)
    return Recalibration(slope=float(at[0]), intercept=float(at[1]))


def _minimise(design: Array, truth: NDArray[np.bool_], free: NDArray[np.bool_], at: Array) -> Array:
    """Newton's method from `at`; a step that would go too far is halved."""
    for _ in range(_STEPS):
        p = _sigmoid(design @ at)
        gradient = design.T @ (p - truth) + _PRECISION * (at - _IDENTITY)
        curvature = (design.T * (p * (1.0 - p))) @ design + np.diag(_PRECISION)
        step = np.zeros(2)
        step[free] = np.linalg.solve(curvature[np.ix_(free, free)], gradient[free])
        before = _cost(design, truth, at)
        while float(np.abs(step).max()) > _DONE and _cost(design, truth, at - step) > before:
            step /= 2.0
        at = at - step
        if float(np.abs(step).max()) <= _DONE:
            break
    return at


def recalibrated(shipped: Estimates, moments: Sequence[LabelledMoment]) -> Estimates:
    """The estimates, recalibrated to a school's labels."""
    own = recalibration_of(shipped, moments)
    return Estimates(room=own.of(shipped.room), zone=own.of(shipped.zone))


def recalibration_of(shipped: Estimates, moments: Sequence[LabelledMoment]) -> Recalibration:
    """Fit the recalibration to a school's labels, for the room and zones together.

    Only suggested moments count: people mark a moment because something is going on, whatever the
    score.
    """
    suggested = [moment for moment in moments if moment.is_suggested]
    truth = np.array([moment.in_episode for moment in suggested], np.bool_)
    return fit_recalibration(shipped.logits(suggested), truth)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """How a school's estimates do on held-out lessons, compared with the shipped ones.

    Losses are means over moments. `better` is the log loss of the shipped estimates minus the
    school's. `informed` is the log loss of always predicting the rate of the other lessons, minus
    the school's. Each has its 95 % interval over lessons, resampled 2,000 times.
    """

    moments: int
    lessons: int
    confirmed: int
    log_loss: float
    log_loss_shipped: float
    brier: float
    brier_shipped: float
    better: float
    better_low: float
    better_high: float
    informed: float
    informed_low: float
    informed_high: float

    def as_dict(self) -> dict[str, float]:
        return {name: round(value, 5) for name, value in asdict(self).items()}

    def refusal(self) -> str | None:
        """The reason why these estimates must not be used; None if they may."""
        on = f"on {self.moments} moments of {self.lessons} lessons held out in turn"
        if self.better_low <= 0.0:
            return (
                f"the school's own model does not beat the shipped one {on}: log loss "
                f"{self.log_loss:.3f} against {self.log_loss_shipped:.3f}, a difference of "
                f"{self.better:+.3f} (95 % interval {self.better_low:+.3f} to "
                f"{self.better_high:+.3f}, which has to be above 0)"
            )
        if self.informed_low <= 0.0:
            return (
                "the answers do not follow the score, so a model of its own would give this school "
                f"no more than the mean does: {on}, log loss is {self.informed:+.3f} better "
                f"than with the mean (95 % interval {self.informed_low:+.3f} to "
                f"{self.informed_high:+.3f}, which has to be above 0)"
            )
        return None


def hold_out(
    shipped: Estimates,
    moments: Sequence[LabelledMoment],
    fit: Callable[[Sequence[LabelledMoment]], Estimates],
    *,
    groups: int | None = None,
) -> HeldOut:
    """Hold out each lesson in turn, fit on the others, and judge the held-out lesson.

    Only suggested moments are judged. `moments` must come from at least two lessons. With `groups`,
    that many groups of lessons are held out instead, if a fit takes long.
    """
    lessons = sorted({moment.lesson for moment in moments if moment.is_suggested})
    count = len(lessons) if groups is None else min(groups, len(lessons))
    group = {lesson: at % count for at, lesson in enumerate(lessons)}
    fits = [fit([m for m in moments if group.get(m.lesson) != one]) for one in range(count)]
    n = np.zeros(len(lessons))
    losses = np.zeros((len(lessons), 3))
    briers = np.zeros((len(lessons), 2))
    for at, lesson in enumerate(lessons):
        aside = [m for m in moments if m.lesson == lesson and m.is_suggested]
        others = [m for m in moments if group.get(m.lesson) != group[lesson]]
        truth = np.array([m.in_episode for m in aside], np.float64)
        rate = np.mean([float(m.in_episode) for m in others if m.is_suggested] or [0.5])
        own = _sigmoid(fits[group[lesson]].logits(aside))
        before = _sigmoid(shipped.logits(aside))
        mean = np.full(len(aside), np.clip(rate, 0.01, 0.99))
        losses[at] = [_log_loss(truth, p).sum() for p in (own, before, mean)]
        briers[at] = [float(((p - truth) ** 2).sum()) for p in (own, before)]
        n[at] = len(aside)
    draws = np.random.default_rng(_SEED).integers(0, len(lessons), (_RESAMPLES, len(lessons)))
    better, informed = losses[:, 1] - losses[:, 0], losses[:, 2] - losses[:, 0]
    low, high = _interval(better, n, draws)
    informed_low, informed_high = _interval(informed, n, draws)
    total = float(n.sum())
    return HeldOut(
        moments=int(total),
        lessons=len(lessons),
        confirmed=sum(m.in_episode for m in moments if m.is_suggested),
        log_loss=float(losses[:, 0].sum()) / total,
        log_loss_shipped=float(losses[:, 1].sum()) / total,
        brier=float(briers[:, 0].sum()) / total,
        brier_shipped=float(briers[:, 1].sum()) / total,
        better=float(better.sum()) / total,
        better_low=low,
        better_high=high,
        informed=float(informed.sum()) / total,
        informed_low=informed_low,
        informed_high=informed_high,
    )


def _interval(sums: Array, n: Array, draws: NDArray[np.int64]) -> tuple[float, float]:
    means = sums[draws].sum(axis=1) / n[draws].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def _sigmoid(z: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(z, -_MAX_LOGIT, _MAX_LOGIT))))


def _log_loss(truth: Array, p: Array) -> Array:
    p = np.clip(p, 1e-6, 1.0 - 1e-6)
    return np.asarray(-(truth * np.log(p) + (1.0 - truth) * np.log(1.0 - p)))


def _cost(design: Array, truth: NDArray[np.bool_], at: Array) -> float:
    z = design @ at
    likelihood = np.logaddexp(0.0, z) - truth * z
    return float(likelihood.sum() + (_PRECISION * (at - _IDENTITY) ** 2).sum() / 2.0)
