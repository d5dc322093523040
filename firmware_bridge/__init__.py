"""From a hub's serial bytes to dated readings: framing, frames, tick map, reader."""
