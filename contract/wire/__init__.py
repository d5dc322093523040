"""What goes over MQTT: topics, messages and batches, and their bytes."""
