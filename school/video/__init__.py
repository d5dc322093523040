"""Videos of lessons: kept encrypted, each with a key of its own, and how they fit the lesson's time."""
