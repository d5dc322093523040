"""People who came by a roster, and what the roster says of schools and classes."""
