"""Time-series databases beside the store: what is sent to them, and how far each of them is."""
