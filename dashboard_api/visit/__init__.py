"""Notes that are written during a lesson, on a phone."""
