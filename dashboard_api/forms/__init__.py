"""Forms that teacher and coach fill about a lesson, and both views side by side."""
