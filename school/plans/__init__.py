"""What a teacher plans for a lesson, when its phases truly began, and the standards that they name."""
