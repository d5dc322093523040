"""How well the model works on classrooms that it has not seen, compared with rules and a ceiling.

Each classroom is held out in turn; the trees, the calibration, the interval and the alert
thresholds are fitted on the others. The same is done with a rule that uses only the movement, and
with an oracle that knows every movement (see `ceiling`). Figures of seats cover all epochs of all
classrooms; figures of alerts are about the room.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from models.evaluation.figures import Figures, alert_figures, seat_figures
from models.evaluation.moment_claims import judged_suggestions, moment_claims, reliability
from models.evaluation.observers import observed_kappa
from models.evaluation.paired import ClassroomDifference, classroom_difference
from models.evaluation.share_figures import AreaShare, area_shares, share_figures
from models.features.seat_features import FEATURES
from models.learning.alert_learning import (
    AreaStream,
    area_streams,
    held_out_spans,
    raised_spans,
    true_share_stream,
)
from models.learning.rows import LessonRows, pooled, true_episodes
from models.learning.seat_learning import (
    Probability,
    fit_shares,
    folds_of,
    matching_threshold,
    out_of_fold,
)
from models.learning.stretch_learning import held_out_moments, moment_figures, suggested_spans
from models.progress import Progress, silent
from models.serving.alerts import AlertPolicy
from models.serving.claims import MomentClaim
from models.serving.hindsight import StretchModel
from models.serving.manifest import ModelManifest

__all__ = ["Evaluation", "evaluate_rows"]

_FOLDS: Final = 5
_OVER_QUIET: Final = FEATURES.index("over_quiet_10")
_OBSERVERS_KAPPA: Final = 0.75  # the design's table: .70 to .80 between two who code 20-s looks


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
    over_rule: ClassroomDifference | None
    """The model's ROC-AUC minus the movement rule's."""
    ceiling: Figures | None
    true_share_alerts: dict[str, Any]
    """Figures of alerts and moments from the room's true share, known without delay."""
    zone_moments: dict[str, Any]
    """Figures of the moments found in the zones after the lesson."""
    moment_claims: list[MomentClaim]
    """How often a page's suggestions were right, by group and strength."""
    moment_reliability: list[dict[str, Any]]
    """The same for lively suggestions, by the model's estimate."""
    judged: str = "each classroom held out in turn"

    def as_dict(self) -> dict[str, Any]:
        """The figures by name, grouped under the source of the classrooms."""
        model = asdict(self.model)
        model["ceiling"] = None if self.ceiling is None else asdict(self.ceiling)
        model["baselines"] = {
            "never_alert": asdict(self.never),
            "movement_rule": asdict(self.movement_rule),
        }
        over = self.over_rule
        model["over_movement_rule"] = (
            None if over is None else {"roc_auc": over.value, "ci": list(over.ends)}
        )
        model["alerts_from_true_share"] = self.true_share_alerts
        model["zone_moments"] = self.zone_moments
        more = ("source", "judged", "classrooms", "lessons", "seat_epochs", "abstained",
                "worst_classroom_auc", "human_kappa")  # fmt: skip
        model |= {name: getattr(self, name) for name in more}
        model["moment_claims"] = [asdict(claim) for claim in self.moment_claims]
        model["moment_reliability"] = self.moment_reliability
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
        rows = {
            name.replace("_", " "): [
                None if one is None else getattr(one, name) for one in columns.values()
            ]
            for name in Figures.__slots__
        }
        lines = [f"{name:26}" + "".join(map(_column, values)) for name, values in rows.items()]
        lines += [
            f"{'roc auc, worst classroom':26}{_column(self.worst_classroom_auc)}{'':45}",
            _against(self.over_rule),
            f"alerts from the true share, without delay: {_listed(self.true_share_alerts)}",
            f"in the zones: {_listed(self.zone_moments)}",
            *(
                f"suggestions, {one.name}: {one.right} of {one.n} right, share {one.rise:+.3f}"
                for one in self.moment_claims
            ),
            f"{'kappa, a human observer':26}{_column(self.human_kappa)}{'':45}",
        ]
        names = f"{'':26}" + "".join(f"{name:>15}" for name in columns)
        return "\n".join([head, names, *(f"{line}   ({self.source})" for line in lines)])


def _against(rule: ClassroomDifference | None) -> str:
    text = "-" if rule is None else rule.text
    line = f"roc auc by classroom, model minus movement rule: {text}"
    if rule is None or rule.ends[0] <= 0.0:
        line += "; the model is not clearly better than the rule"
    return line


def _column(value: float | None) -> str:
    return f"{_cell(value):>15}"


def _listed(figures: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_cell(one)}" for name, one in figures.items())


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
    fitted: ModelManifest | None = None,
    judged: str = "each classroom held out in turn",
    progress: Progress = silent,
) -> Evaluation:
    """Hold each classroom out in turn, or `folds` groups of classrooms, and measure.

    `known` are the oracle's rows, for the ceiling; without them there is none. `raw` are
    probabilities of trees that have not seen these classrooms, if they exist already, and
    `known_raw` are the oracle's. With `fitted`, `raw` comes from a finished model, which is judged
    as it is. Raises ValueError with fewer than two classrooms or only one class.
    """
    model = out_of_fold(rows, seed=seed, folds=folds, progress=progress) if raw is None else raw
    ceiling = None
    limits = fitted.limits if fitted else {}
    moment_limits = fitted.moment_limits if fitted else {}
    if known is not None:
        guesses = known_raw
        if guesses is None:
            guesses = out_of_fold(known, seed=seed, folds=folds, progress=_of_ceiling(progress))
        ceiling, _ = _figures(
            known, guesses, policy=limits.get("ceiling"), moments=moment_limits.get("ceiling")
        )
    truth, _ = pooled(rows, model)
    rule = [_movement_ranks(one) for one in rows]
    figures, streams = _figures(
        rows,
        model,
        fitted,
        policy=fitted.room_alerts if fitted else None,
        moments=fitted.moments.room if fitted else None,
        zones=True,
    )
    suggestions = judged_suggestions(rows, streams, fitted.moments if fitted else None)
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
        movement_rule=_figures(rows, rule)[0],
        over_rule=classroom_difference(rows, model, rule),
        ceiling=ceiling,
        true_share_alerts=_room_figures(
            [true_share_stream(one, p) for one, p in zip(rows, model, strict=True)],
            limits.get("true_share"),
            moment_limits.get("true_share"),
        ),
        zone_moments=_moment_figures(
            [areas[1:] for areas in streams], fitted.moments.zone if fitted else None
        ),
        moment_claims=moment_claims(suggestions),
        moment_reliability=reliability(suggestions),
        judged=judged,
    )


def _of_ceiling(progress: Progress) -> Progress:
    return lambda what, share: progress(f"{what}, for the ceiling", share)


def _room_figures(
    rooms: Sequence[AreaStream], policy: AlertPolicy | None, moments: StretchModel | None
) -> dict[str, Any]:
    """Figures of alerts and moments: from finished models, or else held out by classroom."""
    spans = (
        held_out_spans(rooms) if policy is None else [raised_spans(room, policy) for room in rooms]
    )
    return alert_figures(spans, rooms) | _moment_figures([[room] for room in rooms], moments)


def _moment_figures(
    lessons: Sequence[Sequence[AreaStream]], moments: StretchModel | None
) -> dict[str, Any]:
    """Figures of the moments in each lesson's areas, in the same two ways."""
    every = [area for areas in lessons for area in areas]
    suggested = (
        held_out_moments(lessons)
        if moments is None
        else [suggested_spans(area, moments) for area in every]
    )
    return moment_figures(suggested, every, len(lessons))


def _figures(
    rows: Sequence[LessonRows],
    raw: Sequence[Probability],
    fitted: ModelManifest | None = None,
    *,
    policy: AlertPolicy | None = None,
    moments: StretchModel | None = None,
    zones: bool = False,
) -> tuple[Figures, list[tuple[AreaStream, ...]]]:
    """Figures of raw probabilities, and the streams of each lesson's room, with `zones` also those of
    its zones.

    The probabilities were made without the lesson's own classroom. What is fitted after the trees
    comes from other classrooms (five groups), or is `fitted`. The same holds for alerts and
    moments, unless `policy` and `moments` are given.
    """
    fold_of = folds_of((one.classroom for one in rows), _FOLDS)
    streams: list[tuple[AreaStream, ...]] = [()] * len(rows)
    seats = []
    shares: list[list[AreaShare]] = []
    for fold in range(max(fold_of.values()) + 1):
        aside = [at for at, one in enumerate(rows) if fold_of[one.classroom] == fold]
        seen = [at for at in range(len(rows)) if at not in set(aside)] or aside
        others, their_raw = [rows[at] for at in seen], [raw[at] for at in seen]
        calibration, bias, interval = (
            (fitted.calibration, fitted.bias, fitted.interval)
            if fitted
            else fit_shares(others, their_raw)
        )
        their_p = [calibration.apply(one) for one in their_raw]
        base = float(pooled(others, their_p)[0].mean())
        match = matching_threshold(others, their_p)
        for at in aside:
            one, p = rows[at], calibration.apply(raw[at])
            truth, known = pooled([one], [p])
            seats.append((truth, known, known >= match, known >= base))
            shares.append(area_shares(one, p, interval, bias))
            streams[at] = area_streams(one, p, interval, bias, zones=zones)
    figures = replace(
        seat_figures(*map(np.concatenate, zip(*seats, strict=True))),
        **share_figures(shares),
        **_room_figures([areas[0] for areas in streams], policy, moments),
    )
    return figures, streams


def _movement_ranks(rows: LessonRows) -> Probability:
    """The rule that the model must beat, (epochs, seats): a seat that moves a lot is off task.

    It uses one number, the movement over the last ten seconds, relative to the seat's quietest
    second, so a noisy sensor does not look like a restless pupil. A logistic curve maps it to 0 to
    1 and keeps the order. Like the trees, the rule is calibrated on other classrooms.
    """
    level = rows.values[:, :, _OVER_QUIET].astype(np.float64)
    rank = np.where(np.isnan(level), 0.5, 1.0 / (1.0 + np.exp(-level / 10.0)))
    return np.where(rows.judged, rank, np.nan)


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
        truth, p = pooled([rows[at] for at in mine], [raw[at] for at in mine])
        if truth.any() and not truth.all():
            areas.append(float(roc_auc_score(truth, p)))
    return min(areas, default=None)
