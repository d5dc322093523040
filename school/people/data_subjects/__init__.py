"""All that is held about a person, and what is left of one who leaves."""
