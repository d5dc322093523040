"""Recordings of real motion, played as if sensors had sent them."""
