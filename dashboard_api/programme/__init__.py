"""The programme's page for who runs it: groups of schools, and what it was worth; and one's own time."""
