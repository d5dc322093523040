"""Sharing a lesson with a named person, and ending that."""
