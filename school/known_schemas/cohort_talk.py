"""What a school.db has more since colleagues in a cohort answer and visit each other: see `later.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["COHORT_TALK", "COUNTED_SPANS"]

COHORT_TALK: Final = """;
CREATE TABLE cohort_offers (
    cohort TEXT NOT NULL,
    person TEXT NOT NULL,
    since_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (cohort),
    CONSTRAINT cohort_offers_cohort_fkey
        FOREIGN KEY(cohort) REFERENCES cohorts (id) ON DELETE CASCADE,
    CONSTRAINT cohort_offers_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX cohort_offers_person ON cohort_offers (person);
CREATE TABLE cohort_clips (
    cohort TEXT NOT NULL,
    clip TEXT NOT NULL,
    person TEXT NOT NULL,
    since_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (cohort, clip),
    CONSTRAINT cohort_clips_cohort_fkey
        FOREIGN KEY(cohort) REFERENCES cohorts (id) ON DELETE CASCADE,
    CONSTRAINT cohort_clips_clip_fkey FOREIGN KEY(clip) REFERENCES clips (id) ON DELETE CASCADE,
    CONSTRAINT cohort_clips_person_fkey FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX cohort_clips_clip ON cohort_clips (clip);
CREATE INDEX cohort_clips_person ON cohort_clips (person);
CREATE TABLE cohort_replies (
    id TEXT NOT NULL,
    cohort TEXT NOT NULL,
    person TEXT NOT NULL,
    clip TEXT,
    task TEXT,
    writer TEXT,
    kind TEXT NOT NULL,
    words TEXT NOT NULL,
    written_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT cohort_replies_clip_fkey
        FOREIGN KEY(cohort, clip) REFERENCES cohort_clips (cohort, clip) ON DELETE CASCADE,
    CONSTRAINT cohort_replies_answer_fkey
        FOREIGN KEY(task, writer) REFERENCES cohort_answers (task, person) ON DELETE CASCADE,
    CONSTRAINT cohort_replies_cohort_fkey
        FOREIGN KEY(cohort) REFERENCES cohorts (id) ON DELETE CASCADE,
    CONSTRAINT cohort_replies_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX cohort_replies_cohort ON cohort_replies (cohort, clip);
CREATE INDEX cohort_replies_answer ON cohort_replies (task, writer);
CREATE INDEX cohort_replies_person ON cohort_replies (person);
CREATE TABLE cohort_visits (
    id TEXT NOT NULL,
    cohort TEXT NOT NULL,
    person TEXT NOT NULL,
    other TEXT NOT NULL,
    is_agreed INTEGER NOT NULL,
    person_on TEXT NOT NULL,
    person_lesson TEXT,
    other_on TEXT NOT NULL,
    other_lesson TEXT,
    changed_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT cohort_visits_cohort_fkey
        FOREIGN KEY(cohort) REFERENCES cohorts (id) ON DELETE CASCADE,
    CONSTRAINT cohort_visits_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE,
    CONSTRAINT cohort_visits_other_fkey FOREIGN KEY(other) REFERENCES people (id) ON DELETE CASCADE,
    CONSTRAINT cohort_visits_person_lesson_fkey
        FOREIGN KEY(person_lesson) REFERENCES lessons (id) ON DELETE SET NULL,
    CONSTRAINT cohort_visits_other_lesson_fkey
        FOREIGN KEY(other_lesson) REFERENCES lessons (id) ON DELETE SET NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX cohort_visits_person_lesson ON cohort_visits (person_lesson);
CREATE INDEX cohort_visits_other ON cohort_visits (other);
CREATE INDEX cohort_visits_cohort ON cohort_visits (cohort);
CREATE INDEX cohort_visits_person ON cohort_visits (person);
CREATE INDEX cohort_visits_other_lesson ON cohort_visits (other_lesson)
"""

COUNTED_SPANS: Final = """;
ALTER TABLE cohort_answers ADD COLUMN activity TEXT;
ALTER TABLE cohort_answers ADD COLUMN third INTEGER;
ALTER TABLE cohort_answers ADD COLUMN counted_in INTEGER
"""
