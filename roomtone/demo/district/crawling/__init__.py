"""Follows the district's links as each of its people, and says what is broken on the way."""
