"""Moments, and what people say of them."""
