"""`roomtone backup` and `roomtone restore`: a copy of a data directory, and the way back."""
