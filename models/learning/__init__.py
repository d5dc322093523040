"""Learning from labelled lessons: seats, alerts, stretches."""
