"""Who the people of a demo are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from school.people.records import Role

__all__ = ["DEMO_IDS", "DEMO_PEOPLE", "DISTRICT_PEOPLE", "DemoName", "demo_id"]

DemoName = Literal["teacher", "coach", "administrator", "officer"]
DEMO_PEOPLE: Final[Mapping[DemoName, Role]] = {"teacher": "teacher", "coach": "coach"}
"""Of a demo with one lesson."""
DISTRICT_PEOPLE: Final[Mapping[DemoName, Role]] = {
    **DEMO_PEOPLE,
    "administrator": "administrator",
    "officer": "privacy_officer",
}
"""Of a demo with a whole district."""


def demo_id(name: DemoName) -> str:
    return f"demo-{name}"


DEMO_IDS: Final = frozenset(map(demo_id, DISTRICT_PEOPLE))
