"""What each version of school.db from 15 on has more than the one before: see `sqlite.py`."""

from __future__ import annotations

from typing import Final

from school.known_schemas.clips import CLIPS
from school.known_schemas.clock_maps import CLOCK_MAPS
from school.known_schemas.cohort_talk import COHORT_TALK, COUNTED_SPANS
from school.known_schemas.cohorts import COHORTS
from school.known_schemas.colleagues import COLLEAGUES
from school.known_schemas.control import CONTROL
from school.known_schemas.cycles import CYCLES
from school.known_schemas.debrief import ACTION_STEPS, DISMISSALS, GUESSES, REFLECTIONS
from school.known_schemas.forms import FORMS
from school.known_schemas.imported_lessons import IMPORTED_LESSONS
from school.known_schemas.inbox import INBOX
from school.known_schemas.languages import LANGUAGES
from school.known_schemas.ledger import LEDGER, OUTCOME_MARKS, WORTH_SHEETS
from school.known_schemas.lti import LTI
from school.known_schemas.notes import DELETED_NOTES, NOTES
from school.known_schemas.observing import OBSERVING
from school.known_schemas.plans import PLANS
from school.known_schemas.programme import COVERAGE, RELEASED_REPORTS, SCHOOL_GROUPS, WAVES
from school.known_schemas.pulse import PULSE
from school.known_schemas.rooms import ROOMS
from school.known_schemas.roster import ROSTER
from school.known_schemas.talks import TALKS
from school.known_schemas.videos import VIDEOS

__all__ = ["MORE"]

MORE: Final = (
    OBSERVING, DISMISSALS, NOTES, ACTION_STEPS, VIDEOS, GUESSES, CLOCK_MAPS, REFLECTIONS,
    DELETED_NOTES, IMPORTED_LESSONS, CYCLES, FORMS, INBOX, LANGUAGES, TALKS, ROOMS, CONTROL,
    SCHOOL_GROUPS, LTI, ROSTER, LEDGER,
    RELEASED_REPORTS, PLANS, PULSE, CLIPS, COLLEAGUES, COVERAGE,
    COHORTS, WAVES, COHORT_TALK, WORTH_SHEETS, COUNTED_SPANS, OUTCOME_MARKS,
)  # fmt: skip
"""In order; the first one makes version 15 of version 14."""
