"""The page on which colleagues find each other."""
