"""The model's card in plain words: from a manifest's figures to what a teacher reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboard_api.model.claim_view import RIGHT_MEANS, SuggestionLine, suggestion_lines
from dashboard_api.model.outcome import Outcome
from dashboard_api.model.reliability_view import Reliability, reliability_of
from dashboard_api.views.text import length_text
from models.school_model.training import school_lines
from models.serving.claims import claims_of
from models.serving.manifest import ModelManifest

__all__ = ["BLIND_TO", "Card", "ComparisonRow", "card", "scored_text", "source_of"]

BLIND_TO: Final = (
    "Who looks away without moving: pupils can be off task and sit still.",
    "Why someone moves: writing and fetching things look like fiddling.",
    "What anyone says, or who says it: it knows only how loud the room is.",
    "A single pupil: it describes only the whole room and zones of five seats or more.",
    "Whether a lively stretch was a good one. You know that.",
)
"""What no figure shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """One figure of the model next to the same figure of others; a dash means no figure."""

    name: str
    model: str
    never: str
    rule: str
    human: str
    ceiling: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the pages say about a model. `source` describes its data, such as `simulated`."""

    version: str
    source: str
    learned_from: str
    measured_on: str
    judged: str
    precision: Outcome | None
    recall: Outcome | None
    false_alerts: str
    delay: str
    suggestions: tuple[SuggestionLine, ...]
    """How often the suggestions on a lesson's page are right; empty if the manifest does not say."""
    reliability: Reliability | None
    right_means: str
    """What the suggestions' figures count as right."""
    seats: str
    base_rate: str
    abstained: str
    interval: str
    comparison: str
    """The comparison in one sentence, for the note."""
    rows: tuple[ComparisonRow, ...]
    school: tuple[str, ...]
    """What a school's own model was made from; empty for any other model."""


def card(manifest: ModelManifest) -> Card:
    """The card of a manifest; a figure that is missing there is left out or a dash."""
    figures: Mapping[str, Any] = next(iter(manifest.figures.values()), {})
    data = manifest.data
    source = source_of(manifest)
    precision = Outcome.of(figures.get("alert_precision"), figures.get("alerts"))
    recall = Outcome.of(figures.get("alert_recall"), figures.get("episodes"))
    return Card(
        version=manifest.version,
        source=source,
        learned_from=_lessons(data, str(data.get("source", "unknown"))),
        measured_on=_lessons(figures, source),
        judged=str(figures.get("judged", "")),
        precision=precision,
        recall=recall,
        false_alerts=_false_alerts(figures.get("false_alerts_per_lesson"), source),
        delay=_delay(figures, source),
        suggestions=suggestion_lines(claims_of(manifest), source),
        reliability=reliability_of(figures),
        right_means=RIGHT_MEANS,
        seats=_seats(figures, source),
        base_rate=_base_rate(figures, source),
        abstained=_abstained(figures, source),
        interval=_interval(figures, source),
        comparison=_comparison(figures, source),
        rows=_rows(figures),
        school=tuple(school_lines(manifest)),
    )


def source_of(manifest: ModelManifest) -> str:
    """Whose lessons the figures are from, such as `simulated`."""
    figures: Mapping[str, Any] = next(iter(manifest.figures.values()), {})
    return str(figures.get("source", manifest.data.get("source", "unknown")))


def scored_text(versions: Sequence[str], available: Sequence[str], shown: str) -> str:
    """Which models a lesson's estimates come from, next to the card of version `shown`.

    `versions` made the estimates; `available` are those whose manifests can be read.
    """
    if not versions:
        return f"This lesson has no estimates yet. The figures are for model {shown}."
    word = "model" if len(versions) == 1 else "models"
    text = f"This lesson’s estimates come from {word} {_listed(versions)}."
    missing = [name for name in versions if name not in available]
    if missing:
        text += (
            f" The figures for {_listed(missing)} are not available here. You see those for model "
            f"{shown}, which may not fit this lesson."
        )
    elif list(versions) != [shown]:
        text += f" The figures are for model {shown}."
    return text


def _lessons(data: Mapping[str, Any], source: str) -> str:
    """Whose data: how many lessons and classrooms, of which kind."""
    lessons, classrooms = data.get("lessons"), data.get("classrooms")
    if not lessons:
        return ""
    rooms = f" in {classrooms} {source} classrooms" if classrooms else ""
    return f"{lessons} {source} lessons{rooms}"


def _false_alerts(rate: float | None, source: str) -> str:
    if rate is None:
        return ""
    if rate <= 0:
        return f"No alert was false ({source})."
    often = f"about {rate:.1f} per lesson" if rate >= 1 else f"one in {1 / rate:.1f} lessons"
    return f"False alerts: {often} ({source})."


def _delay(figures: Mapping[str, Any], source: str) -> str:
    median, p90 = figures.get("delay_median_s"), figures.get("delay_p90_s")
    if median is None or p90 is None:
        return ""
    return (
        f"Alerts come with a delay: half of the right ones within {length_text(median)} of the start "
        f"of the stretch, nine out of ten within {length_text(p90)} ({source})."
    )


def _seats(figures: Mapping[str, Any], source: str) -> str:
    auc, kappa = figures.get("roc_auc"), figures.get("kappa_observer")
    if auc is None or kappa is None:
        return ""
    return (
        f"Internally the model judges seats one by one, but only their mean is kept. Given one seat "
        f"off task and one on task, it picked the right one {auc * 100:.0f} times out of 100 "
        f"({source}). Its agreement with the truth is kappa {kappa:.2f}, where 0 is chance and 1 is "
        f"perfect ({source})."
    )


def _base_rate(figures: Mapping[str, Any], source: str) -> str:
    base = figures.get("base_rate")
    if base is None:
        return ""
    return (
        f"Pupils were off task {base * 100:.0f} % of the time ({source}). A program that never "
        f"says “off task” would be right {100 - base * 100:.0f} times out of 100 ({source}), so being "
        "right often means little."
    )


def _abstained(figures: Mapping[str, Any], source: str) -> str:
    share = figures.get("abstained")
    return (
        ""
        if share is None
        else f"It made no estimate for {share * 100:.0f} % of the time, because it knew too little ({source})."
    )


def _interval(figures: Mapping[str, Any], source: str) -> str:
    held = figures.get("interval_coverage")
    return (
        ""
        if held is None
        else f"Its interval for the room’s share should contain the truth 90 times out of 100. It did so "
        f"{held * 100:.0f} times ({source})."
    )


def _comparison(figures: Mapping[str, Any], source: str) -> str:
    """The model next to what it is compared with, in words that need no statistics."""
    baselines = figures.get("baselines") or {}
    model, rule, ceiling = (
        (one or {}).get("roc_auc")
        for one in (figures, baselines.get("movement_rule"), figures.get("ceiling"))
    )
    if model is None:
        return ""
    others = [
        f"{name} {value * 100:.0f}"
        for name, value in (
            ("a movement rule", rule),
            ("the best possible with these sensors", ceiling),
        )
        if value is not None
    ]
    return (
        f"Shown one pupil off task and one on task, the model picks the right one {model * 100:.0f} "
        f"times out of 100; {', '.join(['guessing 50', *others])} ({source})."
    )


_APART: Final = "Seats on and off task separated (ROC-AUC, chance 0.50)"
_AGREE: Final = "Seats: agreement with the truth (kappa)"
_ROWS: Final = (
    ("Alerts that were right", "alert_precision", "{:.0%}"),
    ("Restless stretches noticed", "alert_recall", "{:.0%}"),
    ("False alerts per lesson", "false_alerts_per_lesson", "{:.2f}"),
    ("Delay: half within", "delay_median_s", "{:.0f} s"),
    ("Delay: nine out of ten within", "delay_p90_s", "{:.0f} s"),
    (_APART, "roc_auc", "{:.2f}"),
    (_AGREE, "kappa_observer", "{:.2f}"),
    ("Seats judged correctly (accuracy)", "accuracy", "{:.0%}"),
)


def _rows(figures: Mapping[str, Any]) -> tuple[ComparisonRow, ...]:
    baselines = figures.get("baselines") or {}
    never, rule = baselines.get("never_alert") or {}, baselines.get("movement_rule") or {}
    ceiling, human = figures.get("ceiling") or {}, figures.get("human_kappa")
    return tuple(
        ComparisonRow(
            name=name,
            model=_shown(figures.get(key), form),
            never=_shown(never.get(key), form),
            rule=_shown(rule.get(key), form),
            human=_shown(human if key == "kappa_observer" else None, form),
            ceiling=_shown(ceiling.get(key), form),
        )
        for name, key, form in _ROWS
    )


def _shown(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value).replace("%", " %")


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
