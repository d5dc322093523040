"""Labelled recordings of real motion: read, checked, learned from, judged."""
