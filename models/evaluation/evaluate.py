"""How well the model works, classroom by classroom that it never saw, beside rules and a ceiling.

Each classroom is put aside in turn; the trees learn from the others, and so do calibration,
interval and alert thresholds. The same is done with a rule that knows the movement alone, and with
an oracle that knows every movement (see `ceiling`). Figures of seats are over all epochs of all
classrooms; those of alerts are of the room.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from contract.lesson import LabelledLesson
from models.evaluation.baseline_rule import movement_ranks
from models.evaluation.ceiling import oracle_rows
from models.evaluation.figures import Figures, alert_figures, seat_figures
from models.evaluation.observers import observed_kappa
from models.evaluation.share_figures import AreaShare, area_shares, share_figures
from models.learning.alert_learning import (
    AreaStream,
    area_streams,
    held_out_spans,
    raised_spans,
    true_share_stream,
)
from models.learning.rows import LessonRows, lesson_rows, true_episodes
from models.learning.seat_learning import (
    Probability,
    fit_bias,
    fit_calibration,
    fit_interval,
    folds_of,
    lesson_residuals,
    out_of_fold,
)
from models.learning.stretch_learning import held_out_moments, moment_figures, told_spans
from models.serving.alerts import AlertPolicy
from models.serving.hindsight import Finder, StretchModel
from models.serving.manifest import Calibration, IntervalWidth, ShareBias

__all__ = ["Evaluation", "Figures", "Fitted", "evaluate", "evaluate_rows"]

_FOLDS: Final = 5
_OBSERVERS_KAPPA: Final = 0.75  # the design's table: .70 to .80 between two who code 20-s looks


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What was fitted after a model's trees, where a finished model is judged as it is.

    `limits` are the policies that the same training gave the ceiling and the true share, by name,
    and `moment_limits` what finds their moments.
    """

    calibration: Calibration
    interval: IntervalWidth
    bias: ShareBias
    policy: AlertPolicy
    limits: Mapping[str, AlertPolicy]
    moments: Finder
    moment_limits: Mapping[str, StretchModel]


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
    true_share_alerts: dict[str, Any]
    """The same kind of alerts, and of moments, where the room's true share is known at once."""
    zone_moments: dict[str, Any]
    """What is found in the zones in hindsight."""
    judged: str = "each classroom put aside in turn"

    def as_dict(self) -> dict[str, Any]:
        """The figures by name, under the name of whose classrooms they are."""
        model = asdict(self.model)
        model["ceiling"] = None if self.ceiling is None else asdict(self.ceiling)
        model["baselines"] = {
            "never_alert": asdict(self.never),
            "movement_rule": asdict(self.movement_rule),
        }
        model["alerts_from_true_share"] = self.true_share_alerts
        model["zone_moments"] = self.zone_moments
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
        best = ", ".join(
            f"{k.replace('_', ' ')} {_cell(v)}" for k, v in self.true_share_alerts.items()
        )
        lines.append(f"alerts from the true share, known at once: {best}   ({self.source})")
        zones = ", ".join(f"{k.replace('_', ' ')} {_cell(v)}" for k, v in self.zone_moments.items())
        lines.append(f"in the zones: {zones}   ({self.source})")
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
    known_raw: Sequence[Probability] | None = None,
    fitted: Fitted | None = None,
    judged: str = "each classroom put aside in turn",
) -> Evaluation:
    """The same from rows; `known` are the oracle's, `folds` put groups of classrooms aside.

    `raw` are probabilities of trees that saw none of these classrooms, where they are there
    already, and `known_raw` the oracle's; with `fitted` they are those of a finished model, which
    is judged as it is.
    """
    use = [one.judged & one.occupied for one in rows]
    model = out_of_fold(rows, seed=seed, folds=folds) if raw is None else raw
    ceiling = None
    limits = fitted.limits if fitted else {}
    if known is not None:
        guesses = out_of_fold(known, seed=seed, folds=folds) if known_raw is None else known_raw
        ceiling, _ = _figures(
            known,
            guesses,
            policy=limits.get("ceiling"),
            moments=fitted.moment_limits.get("ceiling") if fitted else None,
        )
    truth = np.concatenate([one.off_task[flags] for one, flags in zip(rows, use, strict=True)])
    figures, zones = _figures(
        rows,
        model,
        fitted,
        policy=fitted.policy if fitted else None,
        moments=fitted.moments.room if fitted else None,
        zones=True,
    )
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
        model=figures,
        never=_never(rows, truth),
        movement_rule=_figures(rows, movement_ranks(rows))[0],
        ceiling=ceiling,
        true_share_alerts=_true_share(
            rows,
            model,
            limits.get("true_share"),
            fitted.moment_limits.get("true_share") if fitted else None,
        ),
        zone_moments=_zone_moments(zones, fitted.moments.zone if fitted else None),
        judged=judged,
    )


def _true_share(
    rows: Sequence[LessonRows],
    raw: Sequence[Probability],
    policy: AlertPolicy | None,
    moments: StretchModel | None,
) -> dict[str, Any]:
    rooms = [true_share_stream(one, p) for one, p in zip(rows, raw, strict=True)]
    return _room_figures(rooms, policy, moments)


def _room_figures(
    rooms: Sequence[AreaStream], policy: AlertPolicy | None, moments: StretchModel | None
) -> dict[str, Any]:
    """Figures of alerts and of moments, as they are finished or else held out by classroom."""
    spans = (
        held_out_spans(rooms) if policy is None else [raised_spans(room, policy) for room in rooms]
    )
    told = (
        held_out_moments([[room] for room in rooms])
        if moments is None
        else [told_spans(room, moments) for room in rooms]
    )
    return {
        **alert_figures(
            spans, [room.episodes for room in rooms], [room.stretches for room in rooms]
        ),
        **moment_figures(told, rooms, len(rooms)),
    }


def _zone_moments(
    lessons: Sequence[Sequence[AreaStream]], moments: StretchModel | None
) -> dict[str, Any]:
    zones = [zone for areas in lessons for zone in areas]
    told = (
        held_out_moments(lessons)
        if moments is None
        else [told_spans(zone, moments) for zone in zones]
    )
    return moment_figures(told, zones, len(lessons))


def _figures(
    rows: Sequence[LessonRows],
    raw: Sequence[Probability],
    fitted: Fitted | None = None,
    *,
    policy: AlertPolicy | None = None,
    moments: StretchModel | None = None,
    zones: bool = False,
) -> tuple[Figures, list[tuple[AreaStream, ...]]]:
    """Figures of raw probabilities that were made without each lesson's own classroom, and with
    `zones` the streams of each lesson's zones.

    What is fitted after the trees comes from other classrooms in five groups, or is `fitted`; what
    decides on alerts and on moments as well, or it is `policy` and `moments`.
    """
    fold_of = folds_of(rows, _FOLDS)
    p: list[Probability] = [np.empty(0)] * len(rows)
    streams: list[tuple[AreaStream, ...]] = [()] * len(rows)
    seats: list[tuple[NDArray[np.bool_], NDArray[np.float64], float, float]] = []
    told: list[list[AreaShare]] = []
    for fold in range(max(fold_of.values()) + 1):
        aside = [at for at, one in enumerate(rows) if fold_of[one.classroom] == fold]
        seen = [at for at in range(len(rows)) if at not in set(aside)] or aside
        others, other_raw = [rows[at] for at in seen], [raw[at] for at in seen]
        calibration = fitted.calibration if fitted else fit_calibration(others, other_raw)
        other_p = [calibration.apply(one) for one in other_raw]
        bias = fitted.bias if fitted else fit_bias(others, other_p)
        interval = (
            fitted.interval
            if fitted
            else fit_interval(
                [lesson_residuals(*one, bias) for one in zip(others, other_p, strict=True)]
            )
        )
        base, match = _thresholds(others, other_p)
        for at in aside:
            one, p[at] = rows[at], calibration.apply(raw[at])
            use = one.judged & one.occupied
            seats.append((one.off_task[use], p[at][use], base, match))
            told.append(area_shares(one, p[at], interval, bias))
            streams[at] = area_streams(one, p[at], interval, bias, zones=zones)
    figures = replace(
        seat_figures(
            np.concatenate([truth for truth, _, _, _ in seats]),
            np.concatenate([one for _, one, _, _ in seats]),
            np.concatenate([one >= match for _, one, _, match in seats]),
            np.concatenate([one >= base for _, one, base, _ in seats]),
        ),
        **share_figures(told),
        **_room_figures([areas[0] for areas in streams], policy, moments),
    )
    return figures, [areas[1:] for areas in streams]


def _thresholds(rows: Sequence[LessonRows], p: Sequence[Probability]) -> tuple[float, float]:
    """The base rate, and the probability that as many epochs pass as are truly off task."""
    use = [one.judged & one.occupied for one in rows]
    values = np.concatenate([one[flags] for one, flags in zip(p, use, strict=True)])
    truth = np.concatenate([one.off_task[flags] for one, flags in zip(rows, use, strict=True)])
    base = float(truth.mean())
    return base, float(np.quantile(values, 1.0 - base))


def _never(rows: Sequence[LessonRows], truth: NDArray[np.bool_]) -> Figures:
    """The one that calls no one off task: right as often as pupils are on task."""
    base = np.full(truth.size, float(truth.mean()))
    none = np.zeros(truth.size, bool)
    episodes = sum(len(true_episodes(one)) for one in rows)
    return replace(
        seat_figures(truth, base, none, none),
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
