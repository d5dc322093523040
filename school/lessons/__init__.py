"""Lessons: their records, their store, and the commands that change them."""
