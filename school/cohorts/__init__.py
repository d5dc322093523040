"""What teachers show one another of their lessons, and whom."""
