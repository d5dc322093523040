"""What people ask of kits: that a lesson is not sensed, other settings, that a kit shows itself."""
