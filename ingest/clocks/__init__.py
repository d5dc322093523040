"""The clocks of the kits and of the server: watched, and doubted where they are wrong."""
