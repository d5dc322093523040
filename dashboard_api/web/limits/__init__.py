"""How much a client may ask for, and for how long."""
