"""A lesson's video: what it holds, and how its time fits the lesson's."""
