"""Checks a store against what truly went over the hubs' lines."""
