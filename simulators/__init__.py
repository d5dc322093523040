"""Simulated classrooms with ground truth, and the virtual hub."""

from simulators.bouts import behave as _bouts

__all__ = ["BEHAVIOURS"]

BEHAVIOURS = {"bouts": _bouts}
"""What can decide what pupils do, by the name in a scenario's `behaviour`."""
