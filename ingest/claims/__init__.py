"""Which ingest keeps a site: of several that want one, exactly one goes on."""
