"""Ingest's connection to a broker that speaks MQTT 5, through awscrt."""
