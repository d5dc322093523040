"""Kits' health as JSON on MQTT, for others' tools: off unless the settings ask for it."""
