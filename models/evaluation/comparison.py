"""Compares two models on the same new classrooms, and tests their difference against chance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from models.evaluation.figures import Figures
from models.evaluation.holdout import judge, probabilities
from models.evaluation.paired import ClassroomDifference, classroom_difference
from models.learning.rows import LessonRows
from models.serving.off_task import OffTaskModel

__all__ = ["ModelComparison", "compare_models"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelComparison:
    """Two models' figures, and the difference between them.

    `difference` is the second model's ROC-AUC by classroom minus the first's.
    """

    source: str
    first: str
    second: str
    figures: tuple[Figures, Figures]
    ceiling: Figures | None
    difference: ClassroomDifference

    @property
    def verdict(self) -> str:
        low, high = self.difference.ends
        if low <= 0.0 <= high:
            return "No difference beyond chance."
        return f"{self.second if low > 0.0 else self.first} is better."

    def as_dict(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "models": dict(zip((self.first, self.second), map(asdict, self.figures), strict=True)),
            "ceiling": None if self.ceiling is None else asdict(self.ceiling),
            "roc_auc_difference": self.difference.value,
            "ci": self.difference.ends,
            "verdict": self.verdict,
        }

    def to_json(self) -> str:
        return json.dumps(self.as_dict(), indent=2)

    def table(self) -> str:
        """The figures side by side."""
        lines = [f"{'':26}{self.first:>15}{self.second:>15}{'ceiling':>15}"]
        for name in Figures.__slots__:
            cells = (
                None if one is None else getattr(one, name) for one in (*self.figures, self.ceiling)
            )
            row = "".join(f"{'-' if cell is None else f'{cell:.3f}':>15}" for cell in cells)
            lines.append(f"{name.replace('_', ' '):26}{row}   ({self.source})")
        lines.append(
            f"ROC-AUC by classroom, second minus first: {self.difference.text}, {self.source}. "
            f"{self.verdict}"
        )
        return "\n".join(lines)


def compare_models(
    first: OffTaskModel,
    second: OffTaskModel,
    rows: Sequence[LessonRows],
    known: Sequence[LessonRows],
    *,
    source: str,
) -> ModelComparison:
    """Judge both; the interval of the difference comes from classrooms drawn with replacement."""
    results = [judge(model, rows, known, source=source) for model in (first, second)]
    difference = classroom_difference(rows, probabilities(second, rows), probabilities(first, rows))
    if difference is None:
        raise ValueError(
            "fewer than two classrooms have both classes, so the models can't be compared"
        )
    return ModelComparison(
        source=source,
        first=first.version,
        second=second.version,
        figures=(results[0].model, results[1].model),
        ceiling=results[0].ceiling,
        difference=difference,
    )
