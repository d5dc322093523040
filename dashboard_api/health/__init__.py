"""What a monitor asks of the pages."""
