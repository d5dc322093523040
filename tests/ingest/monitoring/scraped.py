"""What a page of metrics says to whoever scrapes it, whatever the order of its lines and labels."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from prometheus_client.parser import text_string_to_metric_families

__all__ = ["GOLDEN", "Families", "scraped"]

GOLDEN = Path(__file__).parents[2] / "golden/metrics"
Families: TypeAlias = dict[
    str, tuple[str, str, dict[tuple[str, frozenset[tuple[str, str]]], float]]
]


def scraped(text: str) -> Families:
    """name → (type, help, (sample's name, labels) → value)."""
    return {
        family.name: (
            family.type,
            family.documentation,
            {
                (sample.name, frozenset(sample.labels.items())): sample.value
                for sample in family.samples
            },
        )
        for family in text_string_to_metric_families(text)
    }
