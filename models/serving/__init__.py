"""Scores and alerts during a lesson, and moments after it."""
