"""Moments of lessons: those that people mark, what they say of them, what is kept to learn from."""
