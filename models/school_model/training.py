"""A school's own model: selects its labels, requires an improvement, and writes its manifest.

It differs from the model that scored the school's lessons only in its alerts: trees, calibration
and interval stay, so the shares that the labels were computed from stay the same.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Final, Literal

from contract.errors import ModelError
from contract.language import _
from models.school_model.labels import LABEL_FEATURES, LabelledMoment, base_of
from models.school_model.recalibration import Estimates, HeldOut
from models.serving.alerts import AlertPolicy
from models.serving.manifest import ModelManifest

__all__ = [
    "base_mismatch",
    "estimates_of",
    "require_improvement",
    "school_manifest",
    "usable_moments",
]

MIN_LABELS: Final = 30
MIN_OF_EACH: Final = 5
MIN_LESSONS: Final = 10

How = Literal["recalibrated", "trained with labels"]


def usable_moments(
    moments: Sequence[LabelledMoment], base: str
) -> tuple[list[LabelledMoment], list[str]]:
    """The labels that a school's model on top of version `base` may use, and notes about the
    others.

    Raises ModelError if too few are left to learn from and to judge with.
    """
    if not moments:
        raise ModelError(
            "no labels are stored: a teacher has to allow it below the moments of one of their "
            "lessons; answers count from then on."
        )
    notes = []
    fitting = [moment for moment in moments if moment.features_version == LABEL_FEATURES]
    if other := len(moments) - len(fitting):
        versions = ", ".join(sorted({m.features_version for m in moments} - {LABEL_FEATURES}))
        notes.append(
            f"{other} of {len(moments)} labels have features of version {versions}, but this "
            f"program computes {LABEL_FEATURES}: they are left out"
        )
    found = [moment for moment in fitting if base_of(moment.model) == base]
    if other := len(fitting) - len(found):
        versions = ", ".join(sorted({base_of(m.model) for m in fitting} - {base}))
        notes.append(
            f"{other} of {len(fitting)} labels come from scores of model {versions}, not of "
            f"{base}: they are left out (--model names another model)"
        )
    _check_enough(found, notes)
    return found, notes


def _check_enough(found: Sequence[LabelledMoment], notes: Sequence[str]) -> None:
    judged = [moment for moment in found if moment.is_suggested]
    confirmed = sum(moment.in_episode for moment in judged)
    dismissed = len(judged) - confirmed
    lessons = len({moment.lesson for moment in judged})
    left = "".join(f" ({note})" for note in notes)
    if len(judged) < MIN_LABELS or lessons < MIN_LESSONS:
        raise ModelError(
            f"{len(judged)} labels of suggested moments in {lessons} lessons are too few: "
            f"{MIN_LABELS} in {MIN_LESSONS} lessons are needed{left}."
        )
    if min(confirmed, dismissed) < MIN_OF_EACH:
        raise ModelError(
            f"of {len(judged)} labels of suggested moments {confirmed} confirm and {dismissed} "
            f"dismiss: {MIN_OF_EACH} of each are needed to learn the difference{left}."
        )


def estimates_of(manifest: ModelManifest) -> Estimates:
    """This model's alert estimates; raises ModelError if it has none to adapt."""
    room, zone = manifest.room_alerts.estimate, manifest.zone_alerts.estimate
    if "+" in manifest.version:
        raise ModelError(
            f"model {manifest.version} is already a school's own model; give the model that it was "
            "made from with --model, or leave --model out for the shipped one."
        )
    if room is None or zone is None:
        raise ModelError(
            f"model {manifest.version} has no alert model to adapt; make it again with "
            "`roomtone model train`."
        )
    return Estimates(room=room, zone=zone)


def require_improvement(held_out: HeldOut) -> None:
    """Raise ModelError with the reason if the held-out lessons show no improvement."""
    if (refusal := held_out.refusal()) is not None:
        raise ModelError(f"nothing was written: {refusal}.")


def school_manifest(
    base: ModelManifest,
    *,
    room_alerts: AlertPolicy,
    zone_alerts: AlertPolicy,
    held_out: HeldOut,
    labels: Sequence[LabelledMoment],
    how: How,
) -> ModelManifest:
    """The manifest of a school's own model; raises ModelError if it is no improvement."""
    require_improvement(held_out)
    what = json.dumps([asdict(room_alerts), asdict(zone_alerts)])
    kinds = Counter(moment.in_episode for moment in labels)
    school = {
        "how": how,
        "base": base.version,
        "labels": len(labels),
        "confirmed": kinds[True],
        "dismissed": kinds[False],
        "lessons": len({moment.lesson for moment in labels}),
        "held_out_lessons": held_out.as_dict(),
    }
    return replace(
        base,
        version=f"{base.version}+{hashlib.sha256(what.encode()).hexdigest()[:6]}",
        room_alerts=room_alerts,
        zone_alerts=zone_alerts,
        data={**base.data, "school": school},
    )


def base_mismatch(in_use: ModelManifest, shipped: ModelManifest) -> str:
    """A warning if a school's own model was not made from the shipped one, or an empty text."""
    base = base_of(in_use.version)
    if "+" not in in_use.version or base == base_of(shipped.version):
        return ""
    return _(
        "The school's own model {model} was made from model {base}, and this version of Roomtone "
        "comes with model {shipped}, and the two were never compared.",
        model=in_use.version,
        base=base,
        shipped=shipped.version,
    )
