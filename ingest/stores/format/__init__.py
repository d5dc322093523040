"""How values lie in main.db and in day files: bytes, chunks, and how they are joined again."""
