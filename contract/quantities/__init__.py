"""What is measured, and the formulas that compute it."""
