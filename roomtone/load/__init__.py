"""Loads a server with simulated districts over MQTT, and counts what became of each reading."""
