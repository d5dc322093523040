"""The result of an evaluation of labelled recordings, as JSON and as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from contract.one_line import one_line

__all__ = ["FIGURES", "Difference", "Ends", "GroupScore", "RecordingEvaluation", "Score"]

Ends = tuple[float, float]

FIGURES: Final = {"roc_auc": "ROC-AUC", "group_mean": "mean per group", "pr_auc": "PR-AUC"}
"""Figures with an interval over groups, and what they are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Figures of one ranking; each is None if it can't be computed, such as the AUC of one class.

    `roc_auc` compares epochs of all groups, `group_mean` is the mean of the groups' own ROC-AUC.
    """

    roc_auc: float | None
    group_mean: float | None = None
    pr_auc: float | None
    kappa: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """By how much one figure is above another; `ci` is None with too few groups."""

    value: float | None
    ci: Ends | None

    @property
    def text(self) -> str:
        if self.value is None:
            return "-"
        ends = "no interval" if self.ci is None else f"{self.ci[0]:+.3f} to {self.ci[1]:+.3f}"
        return f"{self.value:+.3f} ({ends})"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupScore:
    """One group's ROC-AUC by the model and by the threshold (None with only one class), and its
    number of epochs.
    """

    roc_auc: float | None
    rms_threshold: float | None
    epochs: int
    positive: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingEvaluation:
    """The figures of one label, or of several that count as one.

    `ci` are 95 % intervals over resampled groups, by name of the figure; `over_threshold` is the
    model minus the threshold on the RMS, in the same resamples. `kappa` is Cohen's, at the
    threshold that calls as many epochs positive as the training groups have.
    """

    labels: tuple[str, ...]
    learned: Mapping[str, int]
    """What was learned from the others, and for how many groups (`models.recordings.learners`)."""
    trained_on: str
    model: Score
    ci: Mapping[str, Ends | None]
    over_threshold: Mapping[str, Difference]
    by_group: dict[str, GroupScore]
    never: Score
    rms_threshold: Score
    random_split: Score
    base_rate: float
    epochs: int
    not_judged: float
    """The share of labelled epochs that the model did not judge; no figure includes them."""
    rate_hz: float
    notes: tuple[str, ...]

    @property
    def worst_group(self) -> tuple[str, float] | None:
        """The group with the lowest ROC-AUC, among groups with both classes."""
        known = [
            (one.roc_auc, group) for group, one in self.by_group.items() if one.roc_auc is not None
        ]
        return (min(known)[1], min(known)[0]) if known else None

    def as_dict(self) -> dict[str, Any]:
        worst = self.worst_group
        return {
            "label": " or ".join(self.labels),
            "labels": list(self.labels),
            "trained_on": self.trained_on,
            "learned": dict(self.learned),
            **asdict(self.model),
            "base_rate": self.base_rate,
            "worst_group": None if worst is None else worst[1],
            "worst_group_name": None if worst is None else worst[0],
            "worst_group_epochs": None if worst is None else self.by_group[worst[0]].epochs,
            "ci": self.ci["roc_auc"],
            "ci_group_mean": self.ci["group_mean"],
            "ci_pr_auc": self.ci["pr_auc"],
            "over_rms_threshold": {
                name: {"difference": one.value, "ci": one.ci}
                for name, one in self.over_threshold.items()
            },
            "baselines": {
                "never_alert": {**asdict(self.never), "accuracy": 1.0 - self.base_rate},
                "rms_threshold": asdict(self.rms_threshold),
                "random_split": {**asdict(self.random_split), "inflated": True},
            },
            "groups": {group: asdict(one) for group, one in self.by_group.items()},
            "epochs": self.epochs,
            "not_judged": self.not_judged,
            "rate_hz": self.rate_hz,
            "notes": list(self.notes),
        }

    def to_json(self) -> str:
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False)

    def table(self) -> str:
        """The figures for a person."""
        lines = [
            (
                f"{' or '.join(map(repr, self.labels))} against the rest: {len(self.by_group)} "
                f"groups, {self.epochs} epochs of 5 s, {self.base_rate:.1%} positive; "
                f"learned from {self.trained_on}: {self._learned()}"
            ),
            (
                f"{self.not_judged:.1%} of the labelled epochs are not judged, because history or "
                "samples are missing; no figure includes them."
            ),
            f"{'':44}{'ROC-AUC':>9}{'per group':>11}{'PR-AUC':>9}{'kappa':>9}",
            _line("model, on unseen groups", self.model),
            _line("never alert", self.never),
            _line("threshold on the RMS, on unseen groups", self.rms_threshold),
            _line("trees, random split: INFLATED, same people", self.random_split),
            "ROC-AUC compares epochs of all groups; per group is the mean of the groups' own.",
            "95 % intervals of the model, over groups: "
            + ", ".join(f"{name} {_range(self.ci[key])}" for key, name in FIGURES.items()),
            "Model minus threshold, with 95 % intervals from the same resamples of the groups: "
            + ", ".join(f"{name} {self.over_threshold[key].text}" for key, name in FIGURES.items()),
            "Worst group: " + self._worst(),
        ]
        # Names of labels and groups come from the file.
        return "\n".join(map(one_line, [*lines, *(f"Note: {note}" for note in self.notes)]))

    def _learned(self) -> str:
        if len(self.learned) == 1:
            return next(iter(self.learned))
        return ", ".join(f"{name} ({count} groups)" for name, count in self.learned.items())

    def _worst(self) -> str:
        if self.worst_group is None:
            return "-"
        group, auc = self.worst_group
        own = self.by_group[group]
        rule = "-" if own.rms_threshold is None else f"{own.rms_threshold:.3f}"
        return (
            f"{group}, ROC-AUC {auc:.3f}, by the threshold on the RMS {rule} "
            f"({own.positive} of {own.epochs} epochs positive)"
        )


def _line(name: str, score: Score) -> str:
    widths = {"roc_auc": 9, "group_mean": 11, "pr_auc": 9, "kappa": 9}
    cells = (
        f"{'-' if value is None else f'{value:.3f}':>{width}}"
        for value, width in ((getattr(score, key), width) for key, width in widths.items())
    )
    return f"{name:44}" + "".join(cells)


def _range(ends: Ends | None) -> str:
    return "none" if ends is None else f"{ends[0]:.3f} to {ends[1]:.3f}"
