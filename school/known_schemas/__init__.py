"""What a school.db of each version holds, as SQLite writes it down: `sqlite.py` puts it together."""
