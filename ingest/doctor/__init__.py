"""`roomtone doctor` on a server: what it looks at, and what it says."""
