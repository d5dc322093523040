"""The numbers on the pages: pure functions of what the stores hold."""
