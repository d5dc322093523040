"""The command line, and the demo and replay that run the whole chain on one machine."""
