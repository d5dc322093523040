"""The stores in memory: for tests, examples and a dry run."""
