"""What is said of the model beside a threshold on the movement."""

from __future__ import annotations

from models.recordings.report import Difference, Ends
from models.recordings.rms_threshold import comparison_notes


def said(roc_auc: Ends | None, group_mean: Ends | None, pr_auc: Ends | None) -> list[str]:
    ends = {"roc_auc": roc_auc, "group_mean": group_mean, "pr_auc": pr_auc}
    return comparison_notes({name: Difference(value=0.01, ci=ci) for name, ci in ends.items()})


def test_a_model_that_is_clearly_above_needs_no_note() -> None:
    assert said((0.01, 0.2), (0.001, 0.1), (0.02, 0.1)) == []


def test_a_figure_that_is_not_clearly_above_is_named() -> None:
    assert said((-0.01, 0.2), (0.001, 0.1), (0.0, 0.1)) == [
        (
            "The model is not clearly better than the threshold on the RMS by ROC-AUC and PR-AUC: "
            "the 95 % interval of model minus threshold includes 0."
        )
    ]


def test_a_threshold_that_is_better_is_named() -> None:
    better, unclear = said((-0.2, -0.01), (-0.3, -0.02), (-0.1, 0.1))
    assert better == (
        "The threshold on the RMS is better than the model by ROC-AUC and mean per group: the 95 % "
        "interval of model minus threshold is below 0."
    )
    assert "not clearly better than the threshold on the RMS by PR-AUC:" in unclear


def test_without_an_interval_nothing_is_known() -> None:
    (note,) = said(None, None, None)
    assert "it is not known whether the model is better" in note
    assert said((0.1, 0.2), None, (0.1, 0.2)) == []
