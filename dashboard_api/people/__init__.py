"""Signing in, one's own account, and the list of people."""
