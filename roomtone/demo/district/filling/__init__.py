"""How the district comes into the stores: a file for each subject, and `fill.py` for all of it."""
