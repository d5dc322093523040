"""The card of a model: what it is, what it was trained on, and how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from dashboard_api.model.school_view import school_lines
from dashboard_api.observing.check_view import CheckView
from models.school_model.labels import wilson
from models.school_model.observed import ObservedCheck
from models.serving.alerts import AlertPolicy
from models.serving.claims import MomentClaim
from models.serving.moments import MAX_MOMENTS, MAX_SHOWN
from models.serving.off_task import OffTaskModel

__all__ = ["card_dict", "card_text"]

_SIMULATED: Final = "simulated"
_LISTED: Final = {
    "alerts_from_true_share": "Alerts and moments made in the same way from the true share, "
    "known without delay",
    "zone_moments": "Moments in zones",
}


def card_dict(model: OffTaskModel, observed: ObservedCheck | None) -> dict[str, Any]:
    """The card's figures; `observed` is null where no school was named."""
    manifest = model.manifest
    return {
        "model": manifest.version,
        "data": dict(manifest.data),
        "figures": dict(manifest.figures),
        "observed": None if observed is None else observed.as_dict(),
    }


def card_text(model: OffTaskModel, observed: CheckView | None = None) -> str:
    """The card as text; each line with figures names the source of the data.

    `observed` is what a school's observers show, where one was named.
    """
    manifest = model.manifest
    data = manifest.data
    lines = [
        f"Off-task model {manifest.version}, made with seed {manifest.seed}",
        (
            f"Data: {data['lessons']} {data['source']} lessons in {data['classrooms']} "
            f"{data['source']} classrooms, {data['seat_epochs']} seat-epochs, "
            f"{data['off_task_share']:.1%} of them off task"
        ),
        *(school_lines(manifest) if data.get("school") else ()),
        f"Features: {len(manifest.features)}, version {manifest.features_version}",
        f"Room alerts: {_policy(manifest.room_alerts)}",
        f"Zone alerts: {_policy(manifest.zone_alerts)}",
        (
            f"Moments: found after the lesson, where the estimate reaches {manifest.moments.room.least:g} "
            f"in the room or {manifest.moments.zone.least:g} in a zone; at most {MAX_MOMENTS} a "
            f"lesson are suggested, and the debrief begins with {MAX_SHOWN}."
        ),
        "Made with: " + ", ".join(f"{name} {what}" for name, what in manifest.made_with.items()),
    ]
    headline = "" if observed is None else observed.headline
    if headline:
        lines.append(f"Its estimates were {headline}.")
    elif data["source"] == _SIMULATED:
        lines.append("Tested on simulated lessons only; not yet checked in real classrooms.")
    if observed is not None:
        lines += observed.lines
    for figures in manifest.figures.values():
        lines += ["", *_figures(figures, data["source"])]
    return "\n".join(lines)


def _policy(policy: AlertPolicy) -> str:
    settings = {
        name: value
        for name, value in asdict(policy).items()
        if name != "estimate" and value is not None
    }
    return ", ".join(f"{name} {value:g}" for name, value in settings.items())


def _figures(figures: Mapping[str, Any], source: str) -> list[str]:
    lines = [f"On unseen {source} classrooms, compared with the ceiling"]
    if (human := figures.get("human_kappa")) is not None:
        lines.append(
            f"{'kappa of a human observer':27}{human:>11.5g}   where two observers agree at "
            f"kappa .75 ({source})"
        )
    ceiling = figures.get("ceiling") or {}
    rule = figures["baselines"]["movement_rule"]
    for name, value in figures.items():
        if isinstance(value, int | float) and name != "human_kappa":
            lines.append(
                f"{name.replace('_', ' '):27}{value:>11.5g}"
                f"   ceiling {_or_dash(ceiling.get(name))}"
                f"   movement rule {_or_dash(rule.get(name))}   ({source})"
            )
    for key, what in _LISTED.items():
        if listed := figures.get(key):
            cells = (f"{name.replace('_', ' ')} {_short(one)}" for name, one in listed.items())
            lines.append(f"{what}: {', '.join(cells)} ({source})")
    if claims := figures.get("moment_claims"):
        lines.append(f"Suggestions that were right, with a 95 % interval ({source}):")
        lines += [_claim(MomentClaim(**one), source) for one in claims]
    if bins := figures.get("moment_reliability"):
        lines.append(f"Lively suggestions by the model's own estimate ({source}):")
        lines += [
            f"  {one['from']:.2f} to {one['to']:.2f}: {_right(one['right'], one['n'])} ({source})"
            for one in bins
        ]
    return lines


def _claim(claim: MomentClaim, source: str) -> str:
    return (
        f"  {claim.name}: {_right(claim.right, claim.n)}; "
        f"share off task {claim.rise:+.2f} on average ({source})"
    )


def _right(right: int, n: int) -> str:
    low, high = wilson(right, n)
    return f"{right} of {n} ({low * 100:.0f} to {high * 100:.0f} %)"


def _or_dash(value: float | None) -> str:
    return f"{'-':>7}" if value is None else f"{value:>7.4g}"


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
