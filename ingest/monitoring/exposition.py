"""What a program measures, as Prometheus reads it: the text format, version 0.0.4.

A metric is declared once, with its help, and docs/metrics.md is checked against the declarations.
Values come from the programs' own counters at the moment of the question, so nothing is kept here.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final, Literal

__all__ = ["CONTENT_TYPE", "Exposition", "Histogram", "Metric"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric's name, what it says, and the labels that each of its values bears."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Histogram:
    """Counts of values by upper bound; the last count is of those above every bound."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    sum: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class Exposition:
    """Collects values and writes them down; those of one metric stand together."""

    def __init__(self) -> None:
        self._lines: dict[Metric, list[str]] = {}

    def say(self, metric: Metric, value: float, *labels: str) -> None:
        """One value; the labels in the order in which the metric declares them."""
        self._add(metric, "", value, dict(zip(metric.labels, labels, strict=True)))

    def say_histogram(self, metric: Metric, histogram: Histogram) -> None:
        """A histogram without labels."""
        counts, total = list(histogram.counts), 0
        for bound, count in zip((*histogram.bounds, math.inf), counts, strict=True):
            total += count
            self._add(metric, "_bucket", total, {"le": _number(bound)})
        self._add(metric, "_sum", histogram.sum, {})
        self._add(metric, "_count", total, {})

    def text(self) -> str:
        """The page."""
        lines: list[str] = []
        for metric, values in self._lines.items():
            lines.append(f"# HELP {metric.name} {_escaped(metric.help)}")
            lines.append(f"# TYPE {metric.name} {metric.kind}")
            lines += values
        return "\n".join(lines) + "\n"

    def _add(self, metric: Metric, suffix: str, value: float, labels: dict[str, str]) -> None:
        told = ",".join(f'{name}="{_escaped(text, quotes=True)}"' for name, text in labels.items())
        braces = f"{{{told}}}" if told else ""
        self._lines.setdefault(metric, []).append(f"{metric.name}{suffix}{braces} {_number(value)}")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    # A count of seat-seconds must not lose its last digits.
    return str(value) if isinstance(value, int) else repr(value)


def _escaped(text: str, *, quotes: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quotes else text
