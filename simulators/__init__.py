"""Simulated classrooms with ground truth, and the virtual hub."""

from simulators.behaviour.autoregressive import behave_by_drift
from simulators.behaviour.bouts import behave_in_bouts

__all__ = ["BEHAVIOURS"]

BEHAVIOURS = {"autoregressive": behave_by_drift, "bouts": behave_in_bouts}
"""The generators of pupils' behaviour, by the name in a scenario's `behaviour`."""
