"""The teacher's own page of a lesson's rows of seats: movement alone, and off at first."""
