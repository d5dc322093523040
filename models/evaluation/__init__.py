"""How well a model works on classrooms that it has not seen."""
