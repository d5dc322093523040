"""Removes data: what a person asked to remove, and what is older than its retention."""
