"""What can be learned from labelled groups, from the simplest: a level, few features, many trees.

Each learner is fitted on examples of both classes, and then gives a number for each row: the higher,
the likelier positive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from models.learning.threads import one_thread
from models.ranking import has_two, roc_area
from models.recordings.columns import FEW_COLUMNS, KINDS

__all__ = ["LEARNERS", "Examples", "Fitted", "Trees", "best_columns", "fit_trees"]

Array = NDArray[np.float32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

_MISSING: Final = -99.0
"""A missing value counts as a very low one where values are ranked."""
_CLIP: Final = 0.002
_MAX_FEW: Final = 4
_MIN_SEPARATION: Final = 0.05
_MAX_ALIKE: Final = 0.7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examples:
    """Rows to learn from: their columns, the level of their movement in dB, truth and group."""

    values: Array
    level: Floats
    truth: Flags
    group: Places

    @property
    def has_both(self) -> bool:
        return has_two(self.truth)

    def part(self, chosen: Flags | Places | slice) -> Examples:
        return Examples(
            values=self.values[chosen],
            level=self.level[chosen],
            truth=self.truth[chosen],
            group=self.group[chosen],
        )


class Fitted(Protocol):
    """What was learned."""

    def scores(self, values: Array, level: Floats) -> Floats:
        """A number for each row, (n,)."""
        ...


@dataclass(frozen=True, slots=True)
class _Level:
    """More movement is likelier positive, or less."""

    sign: float

    def scores(self, values: Array, level: Floats) -> Floats:  # noqa: ARG002  # see Fitted
        return self.sign * level


@dataclass(frozen=True, slots=True, eq=False)
class _FewFeatures:
    """A logistic regression on few columns."""

    columns: Sequence[int]
    middle: Floats
    size: Floats
    line: LogisticRegression

    def scores(self, values: Array, level: Floats) -> Floats:  # noqa: ARG002  # see Fitted
        own = _standard(values[:, list(self.columns)], self.middle, self.size)
        return np.asarray(self.line.decision_function(own), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """The mean of the log odds by gradient boosting and by extremely randomised trees, of each kind.

    `members` are the columns that they see, and both.
    """

    members: Sequence[tuple[Places, HistGradientBoostingClassifier, ExtraTreesClassifier]]

    def scores(self, values: Array, level: Floats) -> Floats:  # noqa: ARG002  # see Fitted
        return np.asarray(np.mean(self.each(values), axis=(0, 1)), np.float64)

    def each(self, values: Array) -> Floats:
        """The log odds by each member, (members, 2, n)."""
        found = []
        with one_thread():
            for columns, boosted, randomised in self.members:
                own = values[:, columns]
                both = boosted.predict_proba(own), randomised.predict_proba(_filled(own))
                found.append([_log_odds(one) for one in both])
        return np.array(found)


def _fit_level(examples: Examples, seed: int) -> Fitted:  # noqa: ARG001  # as the others
    return _Level(1.0 if roc_area(examples.truth, examples.level) >= 0.5 else -1.0)


def _fit_few_features(examples: Examples, seed: int) -> Fitted:  # noqa: ARG001  # as the others
    columns = best_columns(examples)
    own = examples.values[:, columns].astype(np.float64)
    known = np.isfinite(own)
    count = np.maximum(known.sum(axis=0), 1)
    middle = np.where(known, own, 0.0).sum(axis=0) / count
    size = np.sqrt((np.where(known, own - middle, 0.0) ** 2).sum(axis=0) / count) + 1e-3
    line = LogisticRegression(C=1.0, class_weight="balanced")
    line.fit(_standard(own, middle, size), examples.truth)
    return _FewFeatures(columns, middle, size, line)


def fit_trees(examples: Examples, seed: int) -> Trees:
    """Gradient boosting and extremely randomised trees, each kind of features by itself."""
    is_known: Flags = np.asarray(~np.isnan(examples.values).all(axis=0))
    members = []
    for kind in KINDS.values():
        columns = np.array([at for at in kind if is_known[at]], np.intp)
        own = examples.values[:, columns]
        boosted = HistGradientBoostingClassifier(
            learning_rate=0.1,
            max_iter=120,
            max_leaf_nodes=15,
            min_samples_leaf=int(np.clip(examples.truth.size // 100, 5, 100)),
            l2_regularization=1.0,
            max_features=0.3,
            early_stopping=False,
            random_state=seed,
        )
        randomised = ExtraTreesClassifier(n_estimators=100, min_samples_leaf=3, random_state=seed)
        with one_thread():
            boosted.fit(own, examples.truth)
            randomised.fit(_filled(own), examples.truth)
        members.append((columns, boosted, randomised))
    return Trees(members)


LEARNERS: Final[Mapping[str, Callable[[Examples, int], Fitted]]] = {
    "a threshold on the movement": _fit_level,
    "a logistic regression on two to four features": _fit_few_features,
    "trees of three kinds of features": fit_trees,
}
"""From the simplest. Each takes examples of both classes, and a seed."""


def best_columns(examples: Examples) -> list[int]:
    """The two to four of `FEW_COLUMNS` that separate best within groups and are not alike."""
    separation = np.array([_separation(examples, column) for column in FEW_COLUMNS])
    chosen: list[int] = []
    for at in np.argsort(-separation, kind="stable").tolist():
        if len(chosen) >= 2 and (separation[at] < _MIN_SEPARATION or len(chosen) == _MAX_FEW):
            break
        if all(_likeness(examples, FEW_COLUMNS[at], other) < _MAX_ALIKE for other in chosen):
            chosen.append(FEW_COLUMNS[at])
    return chosen


def _separation(examples: Examples, column: int) -> float:
    """How far a column's ROC-AUC is from one half, as the mean over groups with both classes."""
    values = np.nan_to_num(examples.values[:, column], nan=_MISSING)
    areas = []
    for group in np.unique(examples.group):
        own = examples.group == group
        truth = examples.truth[own]
        if has_two(truth):
            areas.append(roc_area(truth, values[own]))
    if not areas:
        areas.append(roc_area(examples.truth, values))
    return abs(float(np.mean(areas)) - 0.5)


def _likeness(examples: Examples, column: int, other: int) -> float:
    pair = examples.values[:, [column, other]].astype(np.float64)
    pair = pair[np.isfinite(pair).all(axis=1)]
    spread = pair.std(axis=0)
    if len(pair) < 3 or not (spread > 1e-6).all():
        return 0.0
    return abs(float(np.asarray(np.corrcoef(pair.T))[0, 1]))


def _standard(values: NDArray[np.floating], middle: Floats, size: Floats) -> Floats:
    return np.nan_to_num((values - middle) / size)


def _log_odds(both: Any) -> Floats:
    p = np.asarray(np.clip(both[:, 1], _CLIP, 1.0 - _CLIP))
    return np.asarray(np.log(p / (1.0 - p)), np.float64)


def _filled(values: Array) -> Array:
    return np.where(np.isnan(values), np.float32(_MISSING), values)
