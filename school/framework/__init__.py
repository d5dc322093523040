"""Frameworks: the words that a district gives its coaches to tag notes with."""
