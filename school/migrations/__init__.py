"""Alembic's environment; each step between two schemas is a file in `versions/`."""
