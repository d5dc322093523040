"""Watches the clocks of the kits and of the server, and distrusts those that are wrong."""
