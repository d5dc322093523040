"""Messages that can't be kept: set aside within bounds, listed, and played again."""
