"""A lesson's plan beside what its teacher says of it, and beside what was sensed."""
