"""Files that people or other programs wrote, read so that nothing in them can hang or crash."""
