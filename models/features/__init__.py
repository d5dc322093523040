"""What a model looks at: numbers for each seat, zone and room, epoch by epoch."""
