"""What comes of a debrief: the teacher's next step."""
