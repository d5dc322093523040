"""What every page needs: the store thread, templates, limits and security."""
