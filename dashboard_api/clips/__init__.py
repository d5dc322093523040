"""The pages on which teachers show clips of lessons to others."""
