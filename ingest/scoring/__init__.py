"""Scores what ingest has stored; runs as its own process and follows the store."""
