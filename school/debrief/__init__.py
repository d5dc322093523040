"""What comes of a debrief and belongs to the teacher: the one step that they try next."""
