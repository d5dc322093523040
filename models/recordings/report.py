"""The result of an evaluation of labelled recordings, as JSON and as a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from contract.one_line import one_line

__all__ = ["GroupScore", "Progress", "RecordingEvaluation", "Score", "silent"]


Progress = Callable[[str, float], None]
"""Receives what is being done and the finished share, 0 to 1; called any number of times."""


def silent(_: str, __: float) -> None:
    """A Progress that prints nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Three figures; each is None if it can't be computed, such as the AUC of one class."""

    roc_auc: float | None
    pr_auc: float | None
    kappa: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupScore:
    """One group's figure (None with only one class) and its number of epochs."""

    roc_auc: float | None
    epochs: int
    positive: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingEvaluation:
    """The figures of one label. `ci` and `ci_pr_auc` are 95 % intervals over resampled groups.

    `kappa` is Cohen's, at the threshold that calls as many epochs positive as the training groups
    have.
    """

    label: str
    trained_on: str
    model: Score
    ci: tuple[float, float] | None
    ci_pr_auc: tuple[float, float] | None
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
            "label": self.label,
            "trained_on": self.trained_on,
            **asdict(self.model),
            "base_rate": self.base_rate,
            "worst_group": None if worst is None else worst[1],
            "worst_group_name": None if worst is None else worst[0],
            "worst_group_epochs": None if worst is None else self.by_group[worst[0]].epochs,
            "ci": self.ci,
            "ci_pr_auc": self.ci_pr_auc,
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
                f"{self.label!r} against the rest: {len(self.by_group)} groups, {self.epochs} "
                f"epochs of 5 s, {self.base_rate:.1%} positive; {self.trained_on}"
            ),
            (
                f"{self.not_judged:.1%} of the labelled epochs are not judged, because history or "
                "samples are missing; no figure includes them."
            ),
            f"{'':44}{'ROC-AUC':>9}{'PR-AUC':>9}{'kappa':>9}",
            _line("model, on unseen groups", self.model),
            _line("never alert", self.never),
            _line("threshold on the RMS, on unseen groups", self.rms_threshold),
            _line("random split: INFLATED, same people twice", self.random_split),
            "95 % interval of the ROC-AUC, over groups:    " + _range(self.ci),
            "Worst group: " + self._worst(),
        ]
        # Names of labels and groups come from the file.
        return "\n".join(map(one_line, [*lines, *(f"Note: {note}" for note in self.notes)]))

    def _worst(self) -> str:
        if self.worst_group is None:
            return "-"
        group, auc = self.worst_group
        own = self.by_group[group]
        return f"{group}, ROC-AUC {auc:.3f} ({own.positive} of {own.epochs} epochs positive)"


def _line(name: str, score: Score) -> str:
    cells = ("-" if v is None else f"{v:.3f}" for v in (score.roc_auc, score.pr_auc, score.kappa))
    return f"{name:44}" + "".join(f"{cell:>9}" for cell in cells)


def _range(ends: tuple[float, float] | None) -> str:
    return "-" if ends is None else f"{ends[0]:.3f} to {ends[1]:.3f}"
