"""What comes of a debrief: the teacher's guess, next step and reflection."""
