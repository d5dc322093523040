"""Moments, and people's answers about them."""
