"""The rooms and their kits, as a technician needs them."""
