"""What later versions of school.db have more for a roster: see `later.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["ROSTER"]

ROSTER: Final = """;
CREATE TABLE roster_records (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID, STRICT;
CREATE TABLE roster_sites (
    org TEXT NOT NULL,
    site TEXT NOT NULL,
    PRIMARY KEY (org),
    CONSTRAINT roster_sites_site_fkey FOREIGN KEY(site) REFERENCES sites (name) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX roster_sites_site ON roster_sites (site);
CREATE TABLE roster_people (
    id TEXT NOT NULL,
    person TEXT NOT NULL,
    name TEXT NOT NULL,
    sign_in_name TEXT NOT NULL,
    orgs TEXT NOT NULL,
    is_gone INTEGER NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT roster_people_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX roster_people_person ON roster_people (person);
CREATE TABLE roster_teachings (
    id TEXT NOT NULL,
    class_id TEXT NOT NULL,
    teacher TEXT NOT NULL,
    is_primary INTEGER NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT roster_teachings_teacher_fkey
        FOREIGN KEY(teacher) REFERENCES roster_people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX roster_teachings_teacher ON roster_teachings (teacher);
CREATE TABLE roster_left (
    id_hash TEXT NOT NULL,
    PRIMARY KEY (id_hash)
) WITHOUT ROWID, STRICT
"""
