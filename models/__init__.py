"""Features, the off-task model and the alert policy."""
