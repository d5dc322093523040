"""The command line, and the demo and replay, which run the whole chain on one machine."""
