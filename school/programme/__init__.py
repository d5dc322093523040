"""The programme around lessons: who belongs to which school, groups of schools, and groups large enough to show."""
