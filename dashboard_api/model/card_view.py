"""The model's card in plain words: from a manifest's figures to what a teacher reads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboard_api.views.words import length_words
from models.school_model.labels import wilson
from models.school_model.training import school_lines
from models.serving.manifest import ModelManifest

__all__ = ["BLIND_TO", "Card", "Comparison", "Outcome", "card", "scored_words"]

BLIND_TO: Final = (
    "Who looks away without moving: a part of the time off task is still.",
    "Why someone moves: writing, handing out and fetching look like fiddling.",
    "What is said, and who said it: of the sound only its level is known.",
    "A single pupil: it speaks of the whole room and of zones of five seats or more.",
    "Whether a lively stretch was a good one. You know that.",
)
"""What no figure tells."""

_DOTS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How many of n turned out well, with the interval of Wilson (1927) that holds 95 %."""

    right: int
    n: int
    low: float
    high: float

    @classmethod
    def of(cls, share: float | None, n: float | None) -> Outcome | None:
        """From a share and what it rests on; None where there is nothing."""
        if share is None or not n or math.isnan(share):
            return None
        count = int(n)
        right = round(share * count)
        low, high = wilson(right, count)
        return cls(right=right, n=count, low=low, high=high)

    @property
    def dots(self) -> int:
        """Of ten."""
        return round(self.right / self.n * _DOTS)

    @property
    def of_ten(self) -> str:
        """Such as `about 2`; `none` and `all` only where it is so."""
        if self.right == 0:
            return "none"
        if self.right == self.n:
            return "all"
        exact = self.right * _DOTS == self.dots * self.n
        return f"{self.dots}" if exact else f"about {self.dots}" if self.dots else "less than 1"

    @property
    def interval(self) -> str:
        """In whole percents."""
        return f"{self.low * 100:.0f} to {self.high * 100:.0f} %"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One figure of the model beside the same figure of others; a dash where there is none."""

    name: str
    model: str
    never: str
    rule: str
    human: str
    ceiling: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the pages say of a model. `source` is the word for its data, such as `simulated`."""

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
    """How the suggestions of a lesson's page do, which know the whole lesson."""
    seats: str
    base_rate: str
    abstained: str
    interval: str
    beside: str
    """The comparison in one sentence, for the note."""
    rows: tuple[Comparison, ...]
    school: tuple[str, ...]
    """What a school's own model rests on; empty for any other."""


def card(manifest: ModelManifest) -> Card:
    """The card of a manifest; a figure that it does not hold is left out or a dash."""
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
        beside=_beside(figures, source),
        rows=_rows(figures),
        school=tuple(school_lines(manifest)),
    )


def scored_words(versions: Sequence[str], at_hand: Sequence[str], told: str) -> str:
    """Which model a lesson's estimates come from, beside the card of the version `told`.

    `versions` are those that made them, `at_hand` those of them whose manifests can be read.
    """
    if not versions:
        return (
            f"Nothing of this lesson has been estimated yet. The figures are those of model {told}."
        )
    word = "model" if len(versions) == 1 else "models"
    said = f"The estimates of this lesson come from {word} {_listed(versions)}."
    missing = [name for name in versions if name not in at_hand]
    if missing:
        said += (
            f" The card of {_listed(missing)} is not at hand here: the figures are those of model "
            f"{told} and may not hold for this lesson."
        )
    elif list(versions) != [told]:
        said += f" The figures are those of model {told}."
    return said


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
        return f"No sign was a false one ({source})."
    often = f"about {rate:.1f} in a lesson" if rate >= 1 else f"one in {1 / rate:.1f} lessons"
    return f"False signs: {often} ({source})."


def _delay(figures: Mapping[str, Any], source: str) -> str:
    half, most = figures.get("delay_median_s"), figures.get("delay_p90_s")
    if half is None or most is None:
        return ""
    return (
        f"A sign comes late: half of the right ones within {length_words(half)} of the beginning, "
        f"nine of ten within {length_words(most)} ({source})."
    )


def _afterwards(figures: Mapping[str, Any], source: str) -> str:
    names = ("moment_precision", "moment_stretch_precision", "moment_recall")
    right, livelier, found = (figures.get(name) for name in names)
    if right is None or livelier is None or found is None:
        return ""
    return (
        "So it is with signs while a lesson runs. What a lesson’s page suggests of the room is found "
        f"afterwards, over the whole lesson: {right * 100:.0f} of 100 were right, {livelier * 100:.0f} "
        "of 100 lay where the share was as high on average, if not all the time, and "
        f"{found * 100:.0f} of 100 restless stretches were among them ({source})."
    )


def _seats(figures: Mapping[str, Any], source: str) -> str:
    auc, kappa = figures.get("roc_auc"), figures.get("kappa_observer")
    if auc is None or kappa is None:
        return ""
    return (
        f"Inside, seats are judged one by one and only their mean is kept. Of two seats, one off "
        f"task and one on, it told which is which {auc * 100:.0f} times in 100 ({source}). Agreement with "
        f"the truth is kappa {kappa:.2f}, where 0 is chance and 1 is perfect ({source})."
    )


def _base_rate(figures: Mapping[str, Any], source: str) -> str:
    base = figures.get("base_rate")
    if base is None:
        return ""
    return (
        f"Pupils were off task {base * 100:.0f} % of the time ({source}). Whoever never says "
        f"“off task” is therefore right {100 - base * 100:.0f} times in 100 ({source}), which is why "
        "being right often says little."
    )


def _abstained(figures: Mapping[str, Any], source: str) -> str:
    share = figures.get("abstained")
    return (
        ""
        if share is None
        else f"It judged nothing in {share * 100:.0f} % of the time, knowing too little ({source})."
    )


def _interval(figures: Mapping[str, Any], source: str) -> str:
    held = figures.get("interval_coverage")
    return (
        ""
        if held is None
        else f"Its interval for the room's share should hold the truth 90 times in 100; it did "
        f"{held * 100:.0f} times ({source})."
    )


def _beside(figures: Mapping[str, Any], source: str) -> str:
    """Seats told apart and agreement, of the model and of all that stands beside it."""
    rows = {row.name: row for row in _rows(figures)}
    apart, agree = (rows[name] for name in (_APART, _AGREE))
    if apart.model == "–" or agree.model == "–":
        return ""
    return (
        f"Seats told apart (.50 is chance): {apart.model}; by never giving a sign {apart.never}, by "
        f"a movement rule {apart.rule}, by the ceiling of these sensors {apart.ceiling}. Agreement "
        f"with the truth (kappa): {agree.model}, of a human observer {agree.human} ({source})."
    )


_APART: Final = "Seats told apart (ROC-AUC; chance .50)"
_AGREE: Final = "Seats, agreement with the truth (kappa)"
_ROWS: Final = (
    ("Signs that were right", "alert_precision", "{:.0%}"),
    ("Stretches that were noticed", "alert_recall", "{:.0%}"),
    ("False signs a lesson", "false_alerts_per_lesson", "{:.2f}"),
    ("Delay, half within", "delay_median_s", "{:.0f} s"),
    ("Delay, nine of ten within", "delay_p90_s", "{:.0f} s"),
    (_APART, "roc_auc", "{:.2f}"),
    (_AGREE, "kappa_observer", "{:.2f}"),
    ("Seats judged rightly (accuracy)", "accuracy", "{:.0%}"),
)


def _rows(figures: Mapping[str, Any]) -> tuple[Comparison, ...]:
    baselines = figures.get("baselines") or {}
    never, rule = baselines.get("never_alert") or {}, baselines.get("movement_rule") or {}
    ceiling, human = figures.get("ceiling") or {}, figures.get("human_kappa")
    return tuple(
        Comparison(
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
