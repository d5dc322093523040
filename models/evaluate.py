"""How well the model works, classroom by classroom that it never saw, beside rules and a ceiling.

Each classroom is put aside in turn; the trees learn from the others, and so do calibration,
interval and alert thresholds. The same is done with a rule that knows the movement alone, and with
an oracle that knows every movement (see `ceiling`). Figures of seats are over all epochs of all
classrooms; those of alerts are of the room.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    roc_auc_score,
)

from contract.lesson import LabelledLesson
from models.alerts import AlertPolicy
from models.baseline_rule import movement_ranks
from models.ceiling import oracle_rows
from models.learning import (
    Probability,
    alert_spans,
    alert_tally,
    choose_policy,
    excesses,
    fit_calibration,
    fit_interval,
    judge_alerts,
    lesson_residuals,
    movement_excesses,
    out_of_fold,
    residuals,
)
from models.observers import observed_kappa
from models.off_task import Calibration, IntervalWidth
from models.rows import LessonRows, area_movement, area_shares, lesson_rows, true_episodes

__all__ = ["Evaluation", "Figures", "Fitted", "evaluate", "evaluate_rows"]

_BINS: Final = 15
_OBSERVERS_KAPPA: Final = 0.75  # the design's table: .70 to .80 between two who code 20-s looks


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One model's figures. None is a figure that can't be computed, such as the precision of no
    alerts.

    `kappa_observer` is Cohen's kappa with the truth where as many epochs are called off task as
    the other classrooms have; `balanced_accuracy` is at the base rate. `interval_coverage` is the
    share of the room's epochs whose true off-task share lies in the interval, 0.90 if it is right.
    """

    roc_auc: float | None
    pr_auc: float | None
    base_rate: float
    kappa_observer: float
    balanced_accuracy: float
    accuracy: float
    ece: float
    brier_skill: float
    interval_coverage: float | None
    alert_precision: float | None
    alert_recall: float | None
    false_alerts_per_lesson: float
    alerts: int
    episodes: int
    delay_median_s: float | None
    delay_p90_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What was fitted after a model's trees, where a finished model is judged as it is."""

    calibration: Calibration
    interval: IntervalWidth
    policy: AlertPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The model's figures beside those of never alerting, of the movement rule and of the oracle."""

    source: str
    classrooms: int
    lessons: int
    seat_epochs: int
    abstained: float
    """Share of the epochs of occupied seats in which the model had no say."""
    worst_classroom_auc: float | None
    human_kappa: float | None
    """The human ceiling: an observer's kappa with the truth, if two observers agree at .75."""
    model: Figures
    never: Figures
    movement_rule: Figures
    ceiling: Figures | None
    judged: str = "each classroom put aside in turn"

    def as_dict(self) -> dict[str, Any]:
        """The figures by name, under the name of whose classrooms they are."""
        model = asdict(self.model)
        model["ceiling"] = None if self.ceiling is None else asdict(self.ceiling)
        model["baselines"] = {
            "never_alert": asdict(self.never),
            "movement_rule": asdict(self.movement_rule),
        }
        for name in ("source", "judged", "classrooms", "lessons", "seat_epochs", "abstained"):
            model[name] = getattr(self, name)
        model["worst_classroom_auc"] = self.worst_classroom_auc
        model["human_kappa"] = self.human_kappa
        return {f"{self.source}_unseen_classrooms": model}

    def to_json(self) -> str:
        """The form that `roomtone model evaluate --json` prints."""
        return json.dumps(self.as_dict(), indent=2)

    def table(self) -> str:
        """The figures side by side, with whose data they are on each line."""
        columns = {
            "model": self.model,
            "never": self.never,
            "movement rule": self.movement_rule,
            "ceiling": self.ceiling,
        }
        head = (
            f"{self.classrooms} {self.source} classrooms, {self.judged}: {self.lessons} "
            f"{self.source} lessons, {self.seat_epochs} seat-epochs, {self.abstained:.1%} of them "
            "not judged"
        )
        lines = [head, f"{'':26}" + "".join(f"{name:>15}" for name in columns)]
        for name in Figures.__slots__:
            values = [None if one is None else getattr(one, name) for one in columns.values()]
            cells = "".join(f"{_cell(value):>15}" for value in values)
            lines.append(f"{name.replace('_', ' '):26}{cells}   ({self.source})")
        worst = f"{_cell(self.worst_classroom_auc):>15}"
        lines.append(f"{'roc auc, worst classroom':26}{worst}{'':45}   ({self.source})")
        human = f"{_cell(self.human_kappa):>15}"
        lines.append(f"{'kappa, a human observer':26}{human}{'':45}   ({self.source})")
        return "\n".join(lines)


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def evaluate(
    lessons: Sequence[LabelledLesson],
    *,
    seed: int,
    source: str,
    movements: Sequence[NDArray[np.int8]] | None = None,
    movement_kinds: int = 0,
) -> Evaluation:
    """Put each classroom aside in turn, and measure.

    `movements` gives each lesson's true kind of movement, (periods, seats) codes below
    `movement_kinds`, for the ceiling; without it there is none. Raises ValueError with fewer than
    two classrooms or only one class.
    """
    rows = [lesson_rows(lesson) for lesson in lessons]
    known = None
    if movements is not None:
        known = [
            oracle_rows(one, movement, movement_kinds)
            for one, movement in zip(rows, movements, strict=True)
        ]
    return evaluate_rows(rows, seed=seed, source=source, known=known)


def evaluate_rows(
    rows: Sequence[LessonRows],
    *,
    seed: int,
    source: str,
    known: Sequence[LessonRows] | None = None,
    folds: int | None = None,
    raw: Sequence[Probability] | None = None,
    fitted: Fitted | None = None,
    judged: str = "each classroom put aside in turn",
) -> Evaluation:
    """The same from rows; `known` are the oracle's, `folds` put groups of classrooms aside.

    `raw` are probabilities of trees that saw none of these classrooms, where they are there
    already; with `fitted` they are those of a finished model, which is judged as it is.
    """
    use = [one.judged & one.occupied for one in rows]
    model = out_of_fold(rows, seed=seed, folds=folds) if raw is None else raw
    ceiling = None
    if known is not None:
        ceiling = _figures(known, out_of_fold(known, seed=seed, folds=folds))
    truth = np.concatenate([one.off_task[flags] for one, flags in zip(rows, use, strict=True)])
    return Evaluation(
        source=source,
        classrooms=len({one.classroom for one in rows}),
        lessons=len(rows),
        seat_epochs=int(truth.size),
        abstained=1.0 - truth.size / sum(int(one.occupied.sum()) for one in rows),
        worst_classroom_auc=_worst(rows, model),
        human_kappa=observed_kappa(truth, kappa=_OBSERVERS_KAPPA, seed=seed)
        if truth.any() and not truth.all()
        else None,
        model=_figures(rows, model, fitted),
        never=_never(rows, truth),
        movement_rule=_figures(rows, movement_ranks(rows)),
        ceiling=ceiling,
        judged=judged,
    )


def _figures(
    rows: Sequence[LessonRows], raw: Sequence[Probability], fitted: Fitted | None = None
) -> Figures:
    """Figures of raw probabilities that were made without each lesson's own classroom.

    What is fitted after the trees comes from the other classrooms, or is `fitted`.
    """
    classrooms = sorted({one.classroom for one in rows})
    others = {
        name: [at for at, one in enumerate(rows) if one.classroom != name] for name in classrooms
    }
    calibrations = {
        name: fitted.calibration
        if fitted
        else fit_calibration([rows[at] for at in seen], [raw[at] for at in seen])
        for name, seen in others.items()
    }
    p = [calibrations[one.classroom].apply(q) for one, q in zip(rows, raw, strict=True)]
    errors = [lesson_residuals(one, q) for one, q in zip(rows, p, strict=True)]
    tallies = (
        [] if fitted else [alert_tally(one, q, zones=False) for one, q in zip(rows, p, strict=True)]
    )
    pooled: list[tuple[NDArray[np.bool_], NDArray[np.float64], float, float]] = []
    alerts = true = missed = 0
    inside: list[NDArray[np.bool_]] = []
    delays: list[int] = []
    for at, one in enumerate(rows):
        seen = others[one.classroom]
        interval = fitted.interval if fitted else fit_interval([errors[other] for other in seen])
        policy = fitted.policy if fitted else choose_policy([tallies[other] for other in seen])
        base, match = _thresholds([rows[other] for other in seen], [p[other] for other in seen])
        everyone = np.arange(p[at].shape[1])
        use = one.judged & one.occupied
        pooled.append((one.off_task[use], p[at][use], base, match))
        error, own = residuals(one, p[at], everyone)
        inside.append(np.abs(error) <= interval.reach * np.sqrt(own + interval.shared**2))
        shares = area_shares(one, p[at], everyone)
        spans = alert_spans(
            excesses(shares, smoothing=policy.smoothing, learn=policy.learn),
            policy,
            movement_excesses(area_movement(one, p[at], everyone), policy),
        )
        found, late, lost = judge_alerts(spans, true_episodes(one))
        alerts, true, missed = alerts + len(spans), true + found, missed + lost
        delays += late
    within = np.concatenate(inside)
    episodes = len(delays) + missed
    return replace(
        _seat_figures(
            np.concatenate([truth for truth, _, _, _ in pooled]),
            np.concatenate([p for _, p, _, _ in pooled]),
            np.concatenate([p >= match for _, p, _, match in pooled]),
            np.concatenate([p >= base for _, p, base, _ in pooled]),
        ),
        interval_coverage=float(within.mean()) if within.size else None,
        alert_precision=true / alerts if alerts else None,
        alert_recall=len(delays) / episodes if episodes else None,
        false_alerts_per_lesson=(alerts - true) / len(rows),
        alerts=alerts,
        episodes=episodes,
        delay_median_s=float(np.median(delays)) if delays else None,
        delay_p90_s=float(np.quantile(delays, 0.9)) if delays else None,
    )


def _thresholds(rows: Sequence[LessonRows], p: Sequence[Probability]) -> tuple[float, float]:
    """The base rate, and the probability that as many epochs pass as are truly off task."""
    use = [one.judged & one.occupied for one in rows]
    values = np.concatenate([one[flags] for one, flags in zip(p, use, strict=True)])
    truth = np.concatenate([one.off_task[flags] for one, flags in zip(rows, use, strict=True)])
    base = float(truth.mean())
    return base, float(np.quantile(values, 1.0 - base))


def _seat_figures(
    truth: NDArray[np.bool_],
    p: NDArray[np.float64],
    called: NDArray[np.bool_],
    high: NDArray[np.bool_],
) -> Figures:
    base = float(truth.mean())
    both = 0.0 < base < 1.0
    bins = np.minimum((p * _BINS).astype(int), _BINS - 1)
    count = np.bincount(bins, minlength=_BINS)
    gaps = np.abs(np.bincount(bins, p, _BINS) - np.bincount(bins, truth, _BINS))
    brier = float(np.mean((p - truth) ** 2))
    return Figures(
        roc_auc=float(roc_auc_score(truth, p)) if both else None,
        pr_auc=float(average_precision_score(truth, p)) if both else None,
        base_rate=base,
        kappa_observer=float(np.nan_to_num(cohen_kappa_score(truth, called))),
        balanced_accuracy=float(balanced_accuracy_score(truth, high)),
        accuracy=float(np.mean(called == truth)),
        ece=float(gaps.sum() / count.sum()),
        brier_skill=round(1.0 - brier / (base * (1.0 - base)), 12) + 0.0 if both else 0.0,
        interval_coverage=None, alert_precision=None, alert_recall=None,
        false_alerts_per_lesson=0.0, alerts=0, episodes=0,
        delay_median_s=None, delay_p90_s=None,
    )  # fmt: skip


def _never(rows: Sequence[LessonRows], truth: NDArray[np.bool_]) -> Figures:
    """The one that calls no one off task: right as often as pupils are on task."""
    base = np.full(truth.size, float(truth.mean()))
    none = np.zeros(truth.size, bool)
    episodes = sum(len(true_episodes(one)) for one in rows)
    return replace(
        _seat_figures(truth, base, none, none),
        alert_recall=0.0 if episodes else None,
        episodes=episodes,
    )


def _worst(rows: Sequence[LessonRows], raw: Sequence[Probability]) -> float | None:
    areas = []
    for classroom in sorted({one.classroom for one in rows}):
        mine = [at for at, one in enumerate(rows) if one.classroom == classroom]
        use = [rows[at].judged & rows[at].occupied for at in mine]
        truth = np.concatenate([rows[at].off_task[f] for at, f in zip(mine, use, strict=True)])
        p = np.concatenate([raw[at][f] for at, f in zip(mine, use, strict=True)])
        if truth.any() and not truth.all():
            areas.append(float(roc_auc_score(truth, p)))
    return min(areas, default=None)
