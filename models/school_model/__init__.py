"""A school's own model, learned from people's answers about moments."""
