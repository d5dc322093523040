"""Timetables as schools export them, and what an import of one changes."""
