"""A video of the demo teacher's lesson, and a clip of it, through the pages as the teacher does it."""
