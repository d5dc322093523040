"""`roomtone backup` and `roomtone restore`: copies a data directory and puts the copy back."""
