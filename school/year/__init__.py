"""The end of a school year: what others may still see of it ends, and what needs a person is listed."""
