"""Simulated classrooms with ground truth, and the virtual hub."""

from simulators.autoregressive import behave as _autoregressive
from simulators.bouts import behave as _bouts

__all__ = ["BEHAVIOURS"]

BEHAVIOURS = {"autoregressive": _autoregressive, "bouts": _bouts}
"""What can decide what pupils do, by the name in a scenario's `behaviour`."""
