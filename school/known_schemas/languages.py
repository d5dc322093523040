"""What later versions of school.db have more for languages: see `later.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["LANGUAGES"]

LANGUAGES: Final = """;
CREATE TABLE chosen_languages (
    person TEXT NOT NULL,
    language TEXT NOT NULL,
    PRIMARY KEY (person),
    CONSTRAINT chosen_languages_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT
"""
