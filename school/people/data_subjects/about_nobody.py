"""The tables that are about no person, each with its reason; `held_tables.py` has the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Table

from school.control.tables import kit_requests, kit_settings
from school.evaluation.tables import evaluation_plans
from school.ledger.tables import class_outcomes, ledger_costs, worth_sheets
from school.lti.tables import lti_deployments, lti_platforms
from school.plans.tables import standards
from school.programme.tables import (
    coverage_months,
    released_reports,
    school_group_sites,
    school_groups,
    wave_criteria,
    wave_sites,
    waves,
)
from school.pulse.tables import pulse_counts, pulse_deeds
from school.rooms.tables import kit_hubs, kit_seats, kits, rooms, sites
from school.roster.tables import roster_left, roster_records, roster_sites
from school.schema import audit_head, opted_out, revision

__all__ = ["ABOUT_NOBODY"]

ABOUT_NOBODY: Final[Mapping[Table, str]] = {
    revision: "counts changes",
    opted_out: "a room and the number of a seat; nothing here says who sits there",
    sites: "a school and what it is called",
    ledger_costs: "when the programme begins, and what it costs",
    class_outcomes: "a class without its name; a number that nothing explains stands for its teacher",
    worth_sheets: "what the programme was worth in a span of weeks, in numbers of ten people or more, and "
    "marks of classes that many possible results have",
    pulse_counts: "how often a step of a question was tapped in a week of a school",
    pulse_deeds: "what was done about answers; who wrote it is in the audit log",
    school_groups: "a group of schools and what it is called",
    waves: "a wave of a roll-out and when it begins",
    wave_sites: "which schools are in a wave",
    wave_criteria: "what a wave is to reach before the next one begins",
    school_group_sites: "which schools are in a group",
    roster_records: "a school, a term, a course or a class of the roster",
    roster_sites: "which school is meant by one of the roster's",
    roster_left: "a hash of an id in the roster that nothing here names any more",
    released_reports: "numbers of ten teachers or more, as they left for a collector",
    evaluation_plans: "how the programme is to be evaluated, as it was fixed",
    coverage_months: "how far coaching reached in a month, in numbers of ten teachers or more",
    rooms: "a room: where its seats stand, by number, and its zones",
    kits: "a kit and its room",
    kit_hubs: "a kit's hub and its port",
    kit_seats: "which hub has the sensor of a seat, by its number; nothing here says who sits there",
    kit_settings: "what a kit has otherwise than in its own file",
    kit_requests: "the last command to a kit; who gave it is in the audit log",
    lti_platforms: "a learning platform and its addresses",
    lti_deployments: "where on a learning platform these pages are in use",
    standards: "what pupils are to know, as the standards of a state or a school say",
    audit_head: "the end of what retention removed from the audit log",
}
"""Table → why it is about nobody."""
