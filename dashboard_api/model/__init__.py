"""The model's card, its drift, and how far to trust an estimate."""
