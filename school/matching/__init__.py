"""How colleagues find each other: what they look for and offer, and whom they show it to."""
