"""Scores what ingest has kept: a process of its own that follows the store."""
