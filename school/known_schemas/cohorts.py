"""What a school.db has more since teachers work in cohorts: see `later.py`."""

from __future__ import annotations

from typing import Final

__all__ = ["COHORTS"]

COHORTS: Final = """;
CREATE TABLE cohorts (
    id TEXT NOT NULL,
    coach TEXT,
    title TEXT NOT NULL,
    focus TEXT NOT NULL,
    changed_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT cohorts_coach_fkey FOREIGN KEY(coach) REFERENCES people (id) ON DELETE SET NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX cohorts_coach ON cohorts (coach);
CREATE TABLE cohort_members (
    cohort TEXT NOT NULL,
    person TEXT NOT NULL,
    state TEXT NOT NULL,
    since_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (cohort, person),
    CONSTRAINT cohort_members_cohort_fkey
        FOREIGN KEY(cohort) REFERENCES cohorts (id) ON DELETE CASCADE,
    CONSTRAINT cohort_members_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX cohort_members_person ON cohort_members (person);
CREATE TABLE cohort_tasks (
    id TEXT NOT NULL,
    cohort TEXT NOT NULL,
    question TEXT NOT NULL,
    due_on TEXT NOT NULL,
    written_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT cohort_tasks_cohort_fkey
        FOREIGN KEY(cohort) REFERENCES cohorts (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX cohort_tasks_cohort ON cohort_tasks (cohort);
CREATE TABLE cohort_answers (
    task TEXT NOT NULL,
    person TEXT NOT NULL,
    lesson TEXT NOT NULL,
    start_s INTEGER NOT NULL,
    end_s INTEGER NOT NULL,
    words TEXT NOT NULL,
    handed_utc_ns INTEGER,
    changed_utc_ns INTEGER NOT NULL,
    PRIMARY KEY (task, person),
    CONSTRAINT cohort_answers_task_fkey
        FOREIGN KEY(task) REFERENCES cohort_tasks (id) ON DELETE CASCADE,
    CONSTRAINT cohort_answers_person_fkey
        FOREIGN KEY(person) REFERENCES people (id) ON DELETE CASCADE,
    CONSTRAINT cohort_answers_lesson_fkey
        FOREIGN KEY(lesson) REFERENCES lessons (id) ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
CREATE INDEX cohort_answers_lesson ON cohort_answers (lesson);
CREATE INDEX cohort_answers_person ON cohort_answers (person)
"""
