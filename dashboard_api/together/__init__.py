"""A debrief on both sides of a call: one playhead, who is there, and word of what changes."""
