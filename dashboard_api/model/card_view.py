"""The model's card in plain words: from a manifest's figures to what a teacher reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contract.language import N_, _, ngettext
from dashboard_api.language.dates import number_text
from dashboard_api.model.claim_view import SuggestionLine, right_means, suggestion_lines
from dashboard_api.model.outcome import Outcome
from dashboard_api.model.reliability_view import Reliability, reliability_of
from dashboard_api.model.school_view import school_lines
from dashboard_api.model.source import source_text
from dashboard_api.views.text import joined_text, length_text
from models.serving.claims import claims_of
from models.serving.manifest import ModelManifest

__all__ = ["BLIND_TO", "Card", "ComparisonRow", "card", "scored_text", "source_of"]

BLIND_TO: Final = (
    N_("Who looks away without moving: pupils can be off task and sit still."),
    N_("Why someone moves: writing and fetching things look like fiddling."),
    N_("What anyone says, or who says it: it knows only how loud the room is."),
    N_("A single pupil: it describes only the whole room and zones of five seats or more."),
    N_("Whether a lively stretch was a good one. You know that."),
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
    """What the pages say about a model. `source` describes its data in words, such as `simulated`."""

    version: str
    source: str
    is_simulated: bool
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
    source = source_text(source_of(manifest))
    precision = Outcome.of(figures.get("alert_precision"), figures.get("alerts"))
    recall = Outcome.of(figures.get("alert_recall"), figures.get("episodes"))
    return Card(
        version=manifest.version,
        source=source,
        is_simulated=source_of(manifest) == "simulated",
        learned_from=_lessons(data, source_text(str(data.get("source", "unknown")))),
        measured_on=_lessons(figures, source),
        judged=_(str(figures.get("judged", ""))),
        precision=precision,
        recall=recall,
        false_alerts=_false_alerts(figures.get("false_alerts_per_lesson"), source),
        delay=_delay(figures, source),
        suggestions=suggestion_lines(claims_of(manifest), source_of(manifest)),
        reliability=reliability_of(figures),
        right_means=right_means(),
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
        return _(
            "This lesson has no estimates yet. The figures are for model {version}.", version=shown
        )
    sentences = [
        ngettext(
            "This lesson’s estimates come from model {versions}.",
            "This lesson’s estimates come from models {versions}.",
            len(versions),
            versions=joined_text(versions),
        )
    ]
    missing = [name for name in versions if name not in available]
    if missing:
        sentences.append(
            _(
                "The figures for {versions} are not available here. You see those for model "
                "{version}, which may not fit this lesson.",
                versions=joined_text(missing),
                version=shown,
            )
        )
    elif list(versions) != [shown]:
        sentences.append(_("The figures are for model {version}.", version=shown))
    return " ".join(sentences)


def _lessons(data: Mapping[str, Any], source: str) -> str:
    """Whose data: how many lessons and classrooms, of which kind."""
    lessons, classrooms = data.get("lessons"), data.get("classrooms")
    if not lessons:
        return ""
    if not classrooms:
        return _("{lessons} {source} lessons", lessons=lessons, source=source)
    return _(
        "{lessons} {source} lessons in {classrooms} {source} classrooms",
        lessons=lessons,
        classrooms=classrooms,
        source=source,
    )


def _false_alerts(rate: float | None, source: str) -> str:
    if rate is None:
        return ""
    if rate <= 0:
        return _("No alert was false ({source}).", source=source)
    if rate >= 1:
        return _(
            "False alerts: about {rate} per lesson ({source}).",
            rate=number_text(rate, 1),
            source=source,
        )
    return _(
        "False alerts: one in {lessons} lessons ({source}).",
        lessons=number_text(1 / rate, 1),
        source=source,
    )


def _delay(figures: Mapping[str, Any], source: str) -> str:
    median, p90 = figures.get("delay_median_s"), figures.get("delay_p90_s")
    if median is None or p90 is None:
        return ""
    return _(
        "Alerts come with a delay: half of the right ones within {half} of the start of the "
        "stretch, nine out of ten within {most} ({source}).",
        half=length_text(median),
        most=length_text(p90),
        source=source,
    )


def _seats(figures: Mapping[str, Any], source: str) -> str:
    auc, kappa = figures.get("roc_auc"), figures.get("kappa_observer")
    if auc is None or kappa is None:
        return ""
    return _(
        "Internally the model judges seats one by one, but only their mean is kept. Given one seat "
        "off task and one on task, it picked the right one {right} times out of 100 ({source}). "
        "Its agreement with the truth is kappa {kappa}, where 0 is chance and 1 is perfect "
        "({source}).",
        right=number_text(auc * 100),
        kappa=number_text(kappa, 2),
        source=source,
    )


def _base_rate(figures: Mapping[str, Any], source: str) -> str:
    base = figures.get("base_rate")
    if base is None:
        return ""
    return _(
        "Pupils were off task {off} % of the time ({source}). A program that never says “off task” "
        "would be right {on} times out of 100 ({source}), so being right often means little.",
        off=number_text(base * 100),
        on=number_text(100 - base * 100),
        source=source,
    )


def _abstained(figures: Mapping[str, Any], source: str) -> str:
    share = figures.get("abstained")
    if share is None:
        return ""
    return _(
        "It made no estimate for {share} % of the time, because it knew too little ({source}).",
        share=number_text(share * 100),
        source=source,
    )


def _interval(figures: Mapping[str, Any], source: str) -> str:
    held = figures.get("interval_coverage")
    if held is None:
        return ""
    return _(
        "Its interval for the room’s share should contain the truth 90 times out of 100. It did so "
        "{held} times ({source}).",
        held=number_text(held * 100),
        source=source,
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
    others = [_("guessing {right}", right=50)]
    if rule is not None:
        others.append(_("a movement rule {right}", right=number_text(rule * 100)))
    if ceiling is not None:
        others.append(
            _("the best possible with these sensors {right}", right=number_text(ceiling * 100))
        )
    return _(
        "Shown one pupil off task and one on task, the model picks the right one {right} times out "
        "of 100; {others} ({source}).",
        right=number_text(model * 100),
        others=", ".join(others),
        source=source,
    )


_ROWS: Final = (
    (N_("Alerts that were right"), "alert_precision", 0, "%"),
    (N_("Restless stretches noticed"), "alert_recall", 0, "%"),
    (N_("False alerts per lesson"), "false_alerts_per_lesson", 2, ""),
    (N_("Delay: half within"), "delay_median_s", 0, "s"),
    (N_("Delay: nine out of ten within"), "delay_p90_s", 0, "s"),
    (N_("Seats on and off task separated (ROC-AUC, chance 0.50)"), "roc_auc", 2, ""),
    (N_("Seats: agreement with the truth (kappa)"), "kappa_observer", 2, ""),
    (N_("Seats judged correctly (accuracy)"), "accuracy", 0, "%"),
)
"""What it is called, its name in the manifest, how many digits after the decimal sign, its unit."""


def _rows(figures: Mapping[str, Any]) -> tuple[ComparisonRow, ...]:
    baselines = figures.get("baselines") or {}
    never, rule = baselines.get("never_alert") or {}, baselines.get("movement_rule") or {}
    ceiling, human = figures.get("ceiling") or {}, figures.get("human_kappa")
    return tuple(
        ComparisonRow(
            name=_(name),
            model=_shown(figures.get(key), digits, unit),
            never=_shown(never.get(key), digits, unit),
            rule=_shown(rule.get(key), digits, unit),
            human=_shown(human if key == "kappa_observer" else None, digits, unit),
            ceiling=_shown(ceiling.get(key), digits, unit),
        )
        for name, key, digits, unit in _ROWS
    )


def _shown(value: float | None, digits: int, unit: str) -> str:
    if value is None:
        return "–"
    number = number_text(value * 100 if unit == "%" else value, digits)
    return f"{number} {unit}" if unit else number
