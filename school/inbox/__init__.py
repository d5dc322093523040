"""What waits for a person: since when they have not looked, and whether they get it by mail."""
