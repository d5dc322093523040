"""How well a model works on classrooms that it never saw."""
