"""A school's own model: learned from what its people said of moments."""
