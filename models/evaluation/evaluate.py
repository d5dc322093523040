"""How well the model works on classrooms that it has not seen, compared with rules and a ceiling.

Each classroom is held out in turn; the trees, the calibration, the interval and the alert
thresholds are fitted on the others. The same is done with a rule that uses only the movement, and
with an oracle that knows every movement (see `ceiling`). Figures of seats cover all epochs of all
classrooms; figures of alerts are about the room.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from models.evaluation.baseline_rule import movement_ranks
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
from models.learning.rows import LessonRows, true_episodes
from models.learning.seat_learning import (
    Probability,
    fit_bias,
    fit_calibration,
    fit_interval,
    folds_of,
    lesson_residuals,
    out_of_fold,
)
from models.learning.stretch_learning import held_out_moments, moment_figures, suggested_spans
from models.serving.alerts import AlertPolicy
from models.serving.hindsight import Finder, StretchModel
from models.serving.manifest import Calibration, IntervalWidth, ShareBias

__all__ = ["Evaluation", "Figures", "Fitted", "evaluate_rows"]

_FOLDS: Final = 5
_OBSERVERS_KAPPA: Final = 0.75  # the design's table: .70 to .80 between two who code 20-s looks


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What was fitted after a finished model's trees, to judge the model as it is.

    `limits` are, by name, the policies that the same training gave the ceiling and the true share;
    `moment_limits` are the models that find their moments.
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
    """The figures of the model, of never alerting, of the movement rule and of the oracle."""

    source: str
    classrooms: int
    lessons: int
    seat_epochs: int
    abstained: float
    """Share of the epochs of occupied seats that the model did not judge."""
    worst_classroom_auc: float | None
    human_kappa: float | None
    """The human ceiling: an observer's kappa with the truth, if two observers agree at .75."""
    model: Figures
    never: Figures
    movement_rule: Figures
    ceiling: Figures | None
    true_share_alerts: dict[str, Any]
    """Figures of alerts and moments from the room's true share, known without delay."""
    zone_moments: dict[str, Any]
    """Figures of the moments found in the zones after the lesson."""
    judged: str = "each classroom held out in turn"

    def as_dict(self) -> dict[str, Any]:
        """The figures by name, grouped under the source of the classrooms."""
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
        """The output of `roomtone model evaluate --json`."""
        return json.dumps(self.as_dict(), indent=2)

    def table(self) -> str:
        """The figures side by side; each line names the source of the data."""
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
        lines.append(f"alerts from the true share, without delay: {best}   ({self.source})")
        zones = ", ".join(f"{k.replace('_', ' ')} {_cell(v)}" for k, v in self.zone_moments.items())
        lines.append(f"in the zones: {zones}   ({self.source})")
        human = f"{_cell(self.human_kappa):>15}"
        lines.append(f"{'kappa, a human observer':26}{human}{'':45}   ({self.source})")
        return "\n".join(lines)


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3f}"


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
    judged: str = "each classroom held out in turn",
) -> Evaluation:
    """Hold each classroom out in turn, or `folds` groups of classrooms, and measure.

    `known` are the oracle's rows, for the ceiling; without them there is none. `raw` are
    probabilities of trees that have not seen these classrooms, if they exist already, and
    `known_raw` are the oracle's. With `fitted`, `raw` comes from a finished model, which is judged
    as it is. Raises ValueError with fewer than two classrooms or only one class.
    """
    use = [one.counted for one in rows]
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
    """Figures of alerts and moments: from finished models, or else held out by classroom."""
    spans = (
        held_out_spans(rooms) if policy is None else [raised_spans(room, policy) for room in rooms]
    )
    suggested = (
        held_out_moments([[room] for room in rooms])
        if moments is None
        else [suggested_spans(room, moments) for room in rooms]
    )
    return {
        **alert_figures(
            spans, [room.episodes for room in rooms], [room.stretches for room in rooms]
        ),
        **moment_figures(suggested, rooms, len(rooms)),
    }


def _zone_moments(
    lessons: Sequence[Sequence[AreaStream]], moments: StretchModel | None
) -> dict[str, Any]:
    zones = [zone for areas in lessons for zone in areas]
    suggested = (
        held_out_moments(lessons)
        if moments is None
        else [suggested_spans(zone, moments) for zone in zones]
    )
    return moment_figures(suggested, zones, len(lessons))


def _figures(
    rows: Sequence[LessonRows],
    raw: Sequence[Probability],
    fitted: Fitted | None = None,
    *,
    policy: AlertPolicy | None = None,
    moments: StretchModel | None = None,
    zones: bool = False,
) -> tuple[Figures, list[tuple[AreaStream, ...]]]:
    """Figures of raw probabilities, and with `zones` the streams of each lesson's zones.

    The probabilities were made without the lesson's own classroom. What is fitted after the trees
    comes from other classrooms (five groups), or is `fitted`. The same holds for alerts and
    moments, unless `policy` and `moments` are given.
    """
    fold_of = folds_of(rows, _FOLDS)
    p: list[Probability] = [np.empty(0)] * len(rows)
    streams: list[tuple[AreaStream, ...]] = [()] * len(rows)
    seats: list[tuple[NDArray[np.bool_], NDArray[np.float64], float, float]] = []
    shares: list[list[AreaShare]] = []
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
            use = one.counted
            seats.append((one.off_task[use], p[at][use], base, match))
            shares.append(area_shares(one, p[at], interval, bias))
            streams[at] = area_streams(one, p[at], interval, bias, zones=zones)
    figures = replace(
        seat_figures(
            np.concatenate([truth for truth, _, _, _ in seats]),
            np.concatenate([one for _, one, _, _ in seats]),
            np.concatenate([one >= match for _, one, _, match in seats]),
            np.concatenate([one >= base for _, one, base, _ in seats]),
        ),
        **share_figures(shares),
        **_room_figures([areas[0] for areas in streams], policy, moments),
    )
    return figures, [areas[1:] for areas in streams]


def _thresholds(rows: Sequence[LessonRows], p: Sequence[Probability]) -> tuple[float, float]:
    """The base rate, and the threshold that as many epochs exceed as are truly off task."""
    use = [one.counted for one in rows]
    values = np.concatenate([one[flags] for one, flags in zip(p, use, strict=True)])
    truth = np.concatenate([one.off_task[flags] for one, flags in zip(rows, use, strict=True)])
    base = float(truth.mean())
    return base, float(np.quantile(values, 1.0 - base))


def _never(rows: Sequence[LessonRows], truth: NDArray[np.bool_]) -> Figures:
    """Figures of calling nobody off task, which is right as often as pupils are on task."""
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
        use = [rows[at].counted for at in mine]
        truth = np.concatenate([rows[at].off_task[f] for at, f in zip(mine, use, strict=True)])
        p = np.concatenate([raw[at][f] for at, f in zip(mine, use, strict=True)])
        if truth.any() and not truth.all():
            areas.append(float(roc_auc_score(truth, p)))
    return min(areas, default=None)
