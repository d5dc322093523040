"""Short questions about the coaching itself, what was answered, and what was done about it."""
