"""What every page needs: the store's thread, templates, and what guards the pages."""
