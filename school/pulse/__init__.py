"""Short questions about the coaching itself, answered with one tap and kept without a name."""
