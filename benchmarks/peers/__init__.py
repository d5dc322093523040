"""What bench_peers.py compares: the readings, our chain, and the databases beside it."""
