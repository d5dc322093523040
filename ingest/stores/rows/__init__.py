"""The rows of main.db and score.db, table by table."""
