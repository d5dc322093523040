"""A OneRoster server with a made-up district, for tests and for who wants to try a sync."""
