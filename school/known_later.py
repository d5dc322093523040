"""What each version of school.db from 15 on has more than the one before: see `known_sqlite.py`."""

from __future__ import annotations

from typing import Final

from school.known_clock_maps import CLOCK_MAPS
from school.known_debrief import ACTION_STEPS, DISMISSALS, GUESSES, REFLECTIONS
from school.known_notes import NOTES
from school.known_observing import OBSERVING
from school.known_videos import VIDEOS

__all__ = ["MORE"]

MORE: Final = (OBSERVING, DISMISSALS, NOTES, ACTION_STEPS, VIDEOS, GUESSES, CLOCK_MAPS, REFLECTIONS)
"""In order; the first one makes version 15 of version 14."""
