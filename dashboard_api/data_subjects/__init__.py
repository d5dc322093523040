"""What people may ask about themselves: all that is held about them, and to be forgotten."""
