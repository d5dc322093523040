"""What a site sends to a collector: figures of a month, large enough to be of nobody, and signed."""
