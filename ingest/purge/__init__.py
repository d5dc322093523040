"""What leaves the store: what was asked to go, and what is past its retention."""
