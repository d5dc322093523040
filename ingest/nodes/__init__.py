"""What ingest knows of each node: budget, name, configuration and seat-seconds."""
