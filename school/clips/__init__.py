"""Clips of lessons, and whom their teachers show them to."""
