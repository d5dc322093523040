"""What ingest knows of each node: its budget, its name, its configuration, its seat-seconds."""
