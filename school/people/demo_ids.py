"""Who the two people of a demo are."""

from __future__ import annotations

from typing import Final, Literal

from school.people.records import Role

__all__ = ["DEMO_IDS", "DEMO_PEOPLE", "DemoName", "demo_id"]

DemoName = Literal["teacher", "coach"]
DEMO_PEOPLE: Final[dict[DemoName, Role]] = {"teacher": "teacher", "coach": "coach"}


def demo_id(name: DemoName) -> str:
    return f"demo-{name}"


DEMO_IDS: Final = frozenset(map(demo_id, DEMO_PEOPLE))
