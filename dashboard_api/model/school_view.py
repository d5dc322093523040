"""What a school's own model was made from, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.language import _
from dashboard_api.language.dates import number_text
from models.serving.manifest import ModelManifest

__all__ = ["school_lines"]


def school_lines(manifest: ModelManifest) -> list[str]:
    """The lines of the card about a school's own model; empty for any other model."""
    school: Mapping[str, Any] | None = manifest.data.get("school")
    if school is None:
        return []
    held = school["held_out_lessons"]
    how = {
        "recalibrated": _("recalibrated"),
        "trained with labels": _("trained with labels"),
    }
    learned = _(
        "Alerts: {how} on {labels} labels of {lessons} lessons of a school ({confirmed} confirm, "
        "{dismissed} dismiss), on top of model {base}",
        how=how.get(school["how"], school["how"]),
        labels=school["labels"],
        lessons=school["lessons"],
        confirmed=school["confirmed"],
        dismissed=school["dismissed"],
        base=school["base"],
    )
    judged = _(
        "On these lessons, each held out in turn: log loss {loss}, shipped model {loss_shipped}, "
        "better by {better} (95 % interval {better_low} to {better_high}, {moments} moments of "
        "{lessons} lessons); Brier {brier}, shipped {brier_shipped}   (this school's answers)",
        loss=number_text(held["log_loss"], 3),
        loss_shipped=number_text(held["log_loss_shipped"], 3),
        better=number_text(held["better"], 3),
        better_low=number_text(held["better_low"], 3),
        better_high=number_text(held["better_high"], 3),
        moments=held["moments"],
        lessons=held["lessons"],
        brier=number_text(held["brier"], 3),
        brier_shipped=number_text(held["brier_shipped"], 3),
    )
    return [
        learned,
        judged,
        _(
            "The other figures are the base model's, which has other alerts and the same "
            "suggestions."
        ),
    ]
