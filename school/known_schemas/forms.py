"""What later versions of school.db have more for forms: see `later.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["FORMS"]

FORMS: Final = """;
CREATE TABLE form_sheets (
    lesson TEXT NOT NULL,
    person TEXT NOT NULL,
    form TEXT NOT NULL,
    teacher TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    written_utc_ns INTEGER NOT NULL,
    done_utc_ns INTEGER,
    PRIMARY KEY (lesson, person, form),
    CONSTRAINT form_sheets_lesson_fkey FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE,
    CONSTRAINT form_sheets_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX form_sheets_person ON form_sheets (person);
CREATE INDEX form_sheets_teacher ON form_sheets (teacher, form);
CREATE TABLE form_answers (
    lesson TEXT NOT NULL,
    person TEXT NOT NULL,
    form TEXT NOT NULL,
    item TEXT NOT NULL,
    label TEXT NOT NULL,
    choice TEXT NOT NULL,
    choice_label TEXT NOT NULL,
    words TEXT NOT NULL,
    revision INTEGER NOT NULL,
    written_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (lesson, person, form, item),
    CONSTRAINT form_answers_sheet_fkey
        FOREIGN KEY(lesson, person, form)
        REFERENCES form_sheets (lesson, person, form) ON DELETE CASCADE
) WITHOUT ROWID, STRICT
"""
