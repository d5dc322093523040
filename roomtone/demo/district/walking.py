"""The pages of the walk, and who reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from roomtone.demo.district.put import Put
from school.people.demo_ids import DISTRICT_PEOPLE, DemoName

__all__ = ["PEOPLE", "walk"]

PEOPLE: Final[Sequence[DemoName]] = [*DISTRICT_PEOPLE]
"""Those who walk."""


def walk(put: Put) -> Sequence[tuple[DemoName, str, str]]:
    """The pages of the walk: who reads it, its address, and what it is for."""
    lesson, cohort = put.latest, put.cohort
    return (
        ("teacher", "/", "a teacher’s start page"),
        ("teacher", f"/lessons/{lesson}", "a lesson with notes, a plan and a next step"),
        ("teacher", f"/lessons/{lesson}/forms/talk-rubric", "a rubric that two people filled"),
        ("teacher", f"/lessons/{lesson}/reflection", "what a teacher writes for themselves"),
        ("teacher", f"/lessons/{lesson}/plan", "what was planned, beside what was observed"),
        ("teacher", f"/lessons/{lesson}/sharing", "who sees the lesson, and who saw it"),
        ("teacher", f"/lessons/{lesson}/clips", "clips of its video, and who sees them until when"),
        ("teacher", f"/lessons/{lesson}/take", "the record, to take along"),
        ("teacher", "/cycle", "their cycle"),
        ("teacher", "/cycle/hand-over", "what another coach gets of it"),
        ("teacher", f"/cohorts/{cohort}", "their cohort, with tasks and answers"),
        ("teacher", f"/cohorts/{cohort}/clips", "a clip that the cohort sees, with its answers"),
        ("teacher", f"/cohorts/{cohort}/pattern", "what the handed spans have in common"),
        ("teacher", f"/cohorts/{cohort}/visits", "visits of two members to each other"),
        ("teacher", "/colleagues", "colleagues with the same topics"),
        ("teacher", "/time", "their weeks"),
        ("teacher", "/pulse", "short questions, of their school"),
        ("coach", "/", "a coach’s start page"),
        ("coach", "/caseload", "whom they work with"),
        ("coach", f"/cohorts/{cohort}", "the cohort that they lead"),
        ("coach", f"/cohorts/{cohort}/clips", "the clip that its teacher shows there"),
        ("coach", f"/cohorts/{cohort}/pattern", "what its spans have in common"),
        (
            "coach",
            f"/lessons/{lesson}",
            "a lesson that is shared with them, with both sides’ notes",
        ),
        ("coach", f"/lessons/{lesson}/forms/talk-rubric/over-time", "the rubric over the lessons"),
        ("administrator", "/", "an administrator’s start page"),
        ("administrator", "/programme", "schools and groups of schools"),
        ("administrator", "/programme/coverage", "how far coaching reaches"),
        ("administrator", "/programme/waves", "the waves of the roll-out"),
        ("administrator", "/programme/worth", "what the programme was worth"),
        ("administrator", "/programme/released", "what left for the collector"),
        ("administrator", "/pulse", "short questions, of all schools"),
        ("administrator", "/people", "people, of whom a roster brought most"),
        ("administrator", "/rooms", "rooms and kits"),
        ("officer", "/audit", "who saw, shared and changed what"),
    )
