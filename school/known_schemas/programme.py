"""What later versions of school.db have more for the programme around lessons: see `later.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["COVERAGE", "RELEASED_REPORTS", "SCHOOL_GROUPS", "WAVES"]

SCHOOL_GROUPS: Final = """;
CREATE TABLE person_sites (
    person TEXT NOT NULL,
    site TEXT NOT NULL,
    PRIMARY KEY (person),
    CONSTRAINT person_sites_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE,
    CONSTRAINT person_sites_site_fkey FOREIGN KEY(site) REFERENCES sites (name) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX person_sites_site ON person_sites (site);
CREATE TABLE school_groups (
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    PRIMARY KEY (name)
) WITHOUT ROWID, STRICT;
CREATE TABLE school_group_sites (
    school_group TEXT NOT NULL,
    site TEXT NOT NULL,
    PRIMARY KEY (school_group, site),
    CONSTRAINT school_group_sites_school_group_fkey
        FOREIGN KEY(school_group) REFERENCES school_groups (name) ON DELETE CASCADE,
    CONSTRAINT school_group_sites_site_fkey
        FOREIGN KEY(site) REFERENCES sites (name) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX school_group_sites_site ON school_group_sites (site)
"""

RELEASED_REPORTS: Final = """;
CREATE TABLE released_reports (
    site TEXT NOT NULL,
    month TEXT NOT NULL,
    body TEXT NOT NULL,
    collector TEXT NOT NULL,
    released_utc_ns INTEGER NOT NULL,
    taken_utc_ns INTEGER,
    PRIMARY KEY (site, month)
) WITHOUT ROWID, STRICT
"""

COVERAGE: Final = """;
CREATE TABLE coverage_months (
    month TEXT NOT NULL,
    body TEXT NOT NULL,
    counted_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (month)
) WITHOUT ROWID, STRICT;
CREATE TABLE evaluation_plans (
    number INTEGER NOT NULL,
    body TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    because TEXT NOT NULL,
    outcomes INTEGER NOT NULL,
    fixed_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (number)
) WITHOUT ROWID, STRICT
"""

WAVES: Final = """;
CREATE TABLE waves (
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    starts_on TEXT NOT NULL,
    PRIMARY KEY (name)
) WITHOUT ROWID, STRICT;
CREATE TABLE wave_sites (
    site TEXT NOT NULL,
    wave TEXT NOT NULL,
    PRIMARY KEY (site),
    CONSTRAINT wave_sites_site_fkey FOREIGN KEY(site) REFERENCES sites (name) ON DELETE CASCADE,
    CONSTRAINT wave_sites_wave_fkey FOREIGN KEY(wave) REFERENCES waves (name) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX wave_sites_wave ON wave_sites (wave);
CREATE TABLE wave_criteria (
    wave TEXT NOT NULL,
    place INTEGER NOT NULL,
    figure TEXT NOT NULL,
    words TEXT NOT NULL,
    at_least REAL NOT NULL,
    value REAL,
    PRIMARY KEY (wave, place),
    CONSTRAINT wave_criteria_wave_fkey FOREIGN KEY(wave) REFERENCES waves (name) ON DELETE CASCADE
) WITHOUT ROWID, STRICT
"""
