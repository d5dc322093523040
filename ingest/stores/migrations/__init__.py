"""Brings databases of older schemas up, after a copy that can be put back."""
