"""Whose a lesson is, with whom it is shared, and what each role may do."""
