"""The numbers on the pages, computed from the stores' records by pure functions."""
