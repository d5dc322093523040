"""Chooses a learner by how it does on training groups that it has not seen, and no other data.

Rich learners need many groups with positive epochs. With few of them, something simple is as good on
other people, or better. So the simplest learner stays unless a richer one is clearly better.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from models.ranking import has_two, roc_area

__all__ = ["choose", "quality"]

_SURE: Final = 0.9
_MIN_GROUPS: Final = 3

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def choose(scores: Mapping[str, Floats], truth: Flags, group: NDArray[np.intp]) -> str:
    """The name of the learner to use; `scores` are of groups unseen, by learner from the simplest.

    In turn, a learner takes the place of the chosen one if its advantage in `quality` is clear: nine
    times in ten it would not come from groups by chance. The error is that of the jackknife, which
    leaves out each group, so it needs three groups.
    """
    chosen, *richer = scores
    if len(np.unique(group)) < _MIN_GROUPS:
        return chosen
    for name in richer:
        advantage = _qualities(scores[name], truth, group) - _qualities(
            scores[chosen], truth, group
        )
        if np.isnan(advantage).any():
            continue  # all positive epochs, or all others, are one group's
        left_out = advantage[1:]
        n = left_out.size
        error = float(np.sqrt((n - 1) * np.mean((left_out - left_out.mean()) ** 2)))
        if advantage[0] > float(t.ppf(_SURE, n - 1)) * error:
            chosen = name
    return chosen


def quality(scores: Floats, truth: Flags, group: NDArray[np.intp]) -> float:
    """The mean of the pooled ROC-AUC and of the groups' mean ROC-AUC; NaN with only one class.

    The first asks whether one threshold serves all people, the second whether moments of one person
    are in the right order. If no group has both classes, it is the first alone.
    """
    return float(_qualities(scores, truth, group)[0])


def _qualities(scores: Floats, truth: Flags, group: NDArray[np.intp]) -> Floats:
    """The quality with all groups, and then without each."""
    names = np.unique(group)
    own = [group == one for one in names]
    areas = np.array(
        [roc_area(truth[at], scores[at]) if has_two(truth[at]) else np.nan for at in own]
    )
    everyone = np.ones(names.size, bool)
    found = [_quality(scores, truth, areas)]
    for at, flags in enumerate(own):
        kept = everyone.copy()
        kept[at] = False
        found.append(_quality(scores[~flags], truth[~flags], areas[kept]))
    return np.array(found)


def _quality(scores: Floats, truth: Flags, areas: Floats) -> float:
    if not has_two(truth):
        return float("nan")
    pooled = roc_area(truth, scores)
    known = areas[~np.isnan(areas)]
    return (pooled + float(known.mean())) / 2.0 if known.size else pooled
