"""The documents speak of everything that others have to know by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contract.quantities import ROOM_QUANTITIES, SEAT_QUANTITIES
from contract.topics import KINDS
from ingest.stores import PERIOD_STORES, SCORE_STORES
from school import LESSON_STORES

ROOT = Path(__file__).parents[2]
TEXT = "\n".join(
    path.read_text()
    for path in (*sorted(ROOT.glob("docs/**/*.md")), ROOT / "ARCHITECTURE.md")
    if path.exists()
)


def is_told(word: str) -> bool:
    """Whether a word stands in the documents as code, alone or in a path or topic."""
    return re.search(rf"`[^`\n]*\b{re.escape(word)}\b[^`\n]*`", TEXT) is not None


@pytest.mark.parametrize("kind", KINDS)
def test_every_topic_is_told(kind: str) -> None:
    assert is_told(kind)


@pytest.mark.parametrize("name", [q.name for q in (*SEAT_QUANTITIES, *ROOM_QUANTITIES)])
def test_every_quantity_is_told(name: str) -> None:
    assert is_told(name)


@pytest.mark.parametrize("name", sorted({*PERIOD_STORES, *SCORE_STORES, *LESSON_STORES}))
def test_every_store_is_told(name: str) -> None:
    assert re.search(rf"\b{name}\b", TEXT, re.IGNORECASE)
