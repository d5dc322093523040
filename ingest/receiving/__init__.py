"""The ingest process: messages in, one durable commit a tick, acknowledgements out."""
