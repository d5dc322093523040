"""From whole periods to the broker: what is sent when, and what was acknowledged."""
