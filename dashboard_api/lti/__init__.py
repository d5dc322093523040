"""Opening the pages from a learning platform: LTI 1.3."""
