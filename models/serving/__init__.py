"""Scores and alerts as a lesson runs, and moments after it."""
