"""The model's features: numbers for each seat, zone and room, epoch by epoch."""
