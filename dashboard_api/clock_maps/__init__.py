"""How a lesson and its video are lined up, and what a person decides about it."""
