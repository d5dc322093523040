"""How this Pi becomes a node: its own key, its certificate from the site's authority, its settings."""
