"""What several benchmarks, or one long one, share."""
