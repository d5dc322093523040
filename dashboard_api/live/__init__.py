"""The live page of a room."""
