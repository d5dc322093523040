"""A site moves from one data directory to another: all that is kept of it, and which seqs that is."""
