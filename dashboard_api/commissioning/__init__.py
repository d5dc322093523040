"""Describing rooms and setting up their kits: the technician's pages, with codes for new kits."""
