"""A lesson as one file that can be read back: its format, and what people imported."""
