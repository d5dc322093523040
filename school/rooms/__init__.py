"""Sites, rooms and their kits: which seat hangs on which hub, and which seats make a zone."""
