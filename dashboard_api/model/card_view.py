"""The model's card in plain words: from a manifest's figures to what a teacher reads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboard_api.views.text import length_text
from models.school_model.labels import wilson
from models.school_model.training import school_lines
from models.serving.manifest import ModelManifest

__all__ = ["BLIND_TO", "Card", "ComparisonRow", "Outcome", "card", "scored_text"]

BLIND_TO: Final = (
    "Who looks away without moving: pupils can be off task and sit still.",
    "Why someone moves: writing and fetching things look like fiddling.",
    "What anyone says, or who says it: it knows only how loud the room is.",
    "A single pupil: it describes only the whole room and zones of five seats or more.",
    "Whether a lively stretch was a good one. You know that.",
)
"""What no figure shows."""

_DOTS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How many of n were right, with their 95 % interval after Wilson (1927)."""

    right: int
    n: int
    low: float
    high: float

    @classmethod
    def of(cls, share: float | None, n: float | None) -> Outcome | None:
        """From a share and the number it was computed from; None if either is missing."""
        if share is None or not n or math.isnan(share):
            return None
        count = int(n)
        right = round(share * count)
        low, high = wilson(right, count)
        return cls(right=right, n=count, low=low, high=high)

    @property
    def dots(self) -> int:
        """How many of ten dots are filled."""
        return round(self.right / self.n * _DOTS)

    @property
    def of_ten(self) -> str:
        """Such as `about 2`; `none` and `all` only where that is exact."""
        if self.right == 0:
            return "none"
        if self.right == self.n:
            return "all"
        exact = self.right * _DOTS == self.dots * self.n
        return f"{self.dots}" if exact else f"about {self.dots}" if self.dots else "less than 1"

    @property
    def interval(self) -> str:
        """Such as `19 and 49 %`."""
        return f"{self.low * 100:.0f} and {self.high * 100:.0f}\u00a0%"


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
    afterwards: str
    """How good the suggestions on a lesson's page are; they know the whole lesson."""
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
    source = str(figures.get("source", data.get("source", "unknown")))
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
        afterwards=_afterwards(figures, source),
        seats=_seats(figures, source),
        base_rate=_base_rate(figures, source),
        abstained=_abstained(figures, source),
        interval=_interval(figures, source),
        comparison=_comparison(figures, source),
        rows=_rows(figures),
        school=tuple(school_lines(manifest)),
    )


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
        return f"No sign was false ({source})."
    often = f"about {rate:.1f} per lesson" if rate >= 1 else f"one in {1 / rate:.1f} lessons"
    return f"False signs: {often} ({source})."


def _delay(figures: Mapping[str, Any], source: str) -> str:
    median, p90 = figures.get("delay_median_s"), figures.get("delay_p90_s")
    if median is None or p90 is None:
        return ""
    return (
        f"Signs come with a delay: half of the right ones within {length_text(median)} of the start "
        f"of the stretch, nine out of ten within {length_text(p90)} ({source})."
    )


def _afterwards(figures: Mapping[str, Any], source: str) -> str:
    names = ("moment_precision", "moment_stretch_precision", "moment_recall")
    right, livelier, found = (figures.get(name) for name in names)
    if right is None or livelier is None or found is None:
        return ""
    return (
        "The figures above are for signs during a lesson. The suggestions on a lesson’s page look "
        f"back over the whole lesson: of 100 suggestions about the room, {right * 100:.0f} were right, and "
        f"in {livelier * 100:.0f} the share was high enough on average, though not always throughout. "
        f"They included {found * 100:.0f} of 100 restless stretches ({source})."
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
    """Separation and agreement: the model next to everything it is compared with."""
    rows = {row.name: row for row in _rows(figures)}
    apart, agree = (rows[name] for name in (_APART, _AGREE))
    if apart.model == "–" or agree.model == "–":
        return ""
    return (
        f"Separating seats on task from seats off task (0.50 is chance): {apart.model}; never giving "
        f"a sign {apart.never}, a movement rule {apart.rule}, the best possible with these sensors "
        f"{apart.ceiling}. Agreement with the truth (kappa): {agree.model}; a human observer "
        f"{agree.human} ({source})."
    )


_APART: Final = "Seats on and off task separated (ROC-AUC, chance 0.50)"
_AGREE: Final = "Seats: agreement with the truth (kappa)"
_ROWS: Final = (
    ("Signs that were right", "alert_precision", "{:.0%}"),
    ("Restless stretches noticed", "alert_recall", "{:.0%}"),
    ("False signs per lesson", "false_alerts_per_lesson", "{:.2f}"),
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
