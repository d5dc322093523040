"""The audit log: who saw, shared, exported and changed what, append-only and chained by hash."""
