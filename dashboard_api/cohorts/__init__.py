"""The pages of cohorts, and those on which teachers show clips of lessons to others."""
