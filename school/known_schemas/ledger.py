"""What later versions of school.db have more for the ledger of time and money: see `later.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["LEDGER", "WORTH_SHEETS"]

LEDGER: Final = """;
CREATE TABLE ledger_weeks (
    person TEXT NOT NULL,
    monday TEXT NOT NULL,
    preparing INTEGER NOT NULL,
    visiting INTEGER NOT NULL,
    travelling INTEGER NOT NULL,
    debriefing INTEGER NOT NULL,
    travel_saved INTEGER NOT NULL,
    written_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (person, monday),
    CONSTRAINT ledger_weeks_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX ledger_weeks_written ON ledger_weeks (written_utc_ns);
CREATE TABLE ledger_costs (
    id INTEGER NOT NULL CONSTRAINT ledger_costs_are_one CHECK (id = 0),
    starts_on TEXT,
    hour_cost REAL NOT NULL,
    kit_cost REAL NOT NULL,
    kit_years REAL NOT NULL,
    school_weeks INTEGER NOT NULL,
    comparison REAL NOT NULL,
    PRIMARY KEY (id)
) STRICT;
CREATE TABLE class_outcomes (
    number INTEGER NOT NULL,
    site TEXT NOT NULL,
    teacher INTEGER NOT NULL,
    is_coached INTEGER NOT NULL,
    class_size INTEGER NOT NULL,
    before_score REAL NOT NULL,
    after_score REAL NOT NULL,
    PRIMARY KEY (number),
    CONSTRAINT class_outcomes_site_fkey
        FOREIGN KEY(site) REFERENCES sites (name) ON DELETE CASCADE
) STRICT;
CREATE INDEX class_outcomes_site ON class_outcomes (site)
"""

WORTH_SHEETS: Final = """;
CREATE TABLE worth_sheets (
    number INTEGER NOT NULL,
    starts_on TEXT NOT NULL,
    first_week TEXT NOT NULL,
    last_week TEXT NOT NULL,
    body TEXT NOT NULL,
    counted_utc_ns INTEGER NOT NULL,
    outcomes_utc_ns INTEGER,
    PRIMARY KEY (number)
) STRICT;
ALTER TABLE class_outcomes ADD COLUMN imported_utc_ns INTEGER DEFAULT '0' NOT NULL;
CREATE INDEX moments_author ON moments (author)
"""

OUTCOME_MARKS: Final = """;
ALTER TABLE worth_sheets ADD COLUMN outcome_marks TEXT DEFAULT '' NOT NULL
"""
