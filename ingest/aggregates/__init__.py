"""What a site's figures of a month are made of, and how they get to a collector."""
