"""The stores on disk, in SQLite: who reads and who writes which file."""
