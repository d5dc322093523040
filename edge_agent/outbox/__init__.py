"""Periods that ingest has not acknowledged: kept on disk within a bound, sent, forgotten."""
