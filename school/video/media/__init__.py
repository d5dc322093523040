"""What a video file holds, found out in a child process that can reach nothing but that file.

`tasks.py` has the three tasks, `records.py` what goes in and comes out. `child/` is the process.
This file imports nothing, so that the child loads little.
"""
