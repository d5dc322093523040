"""Finds a lesson in its video by how loud both were. Pure functions of arrays.

`line_up.py` is the way in. `static/local_video/line_up.js` does the same for a file that stays
in the browser; a test holds them equal.
"""
