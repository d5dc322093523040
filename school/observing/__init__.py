"""What observers of a lesson code: which zone they look at when, what they saw, and its removal."""
