"""The list of lessons and the lesson page."""
