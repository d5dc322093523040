"""Lessons that are scored again: whether it is needed, when, and from what."""
