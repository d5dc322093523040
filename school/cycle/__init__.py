"""One thing that a teacher and a coach work on for some weeks: its focus, its dates, where it stands."""
