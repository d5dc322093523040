"""Hubs without hardware, on pseudo-terminals, and the lines that they speak on."""
