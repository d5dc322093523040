"""Keeps every reading: subscribe, decode, one durable commit a tick, acknowledge, then score."""
