"""A simulated lesson as a camera in the room records it: sound that follows the room, and a picture.

It is for lining up a video with its lesson (`docs/decisions/alignment.md`).
"""
