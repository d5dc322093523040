"""Compares a store with what truly went over the hubs' lines."""
