"""Cohorts: groups of teachers with one focus, their tasks, and what they answer."""
