"""`roomtone doctor` on a node: what it looks at, and what it says."""
