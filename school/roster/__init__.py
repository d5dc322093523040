"""What a student information system knows of schools, teachers, classes and terms: OneRoster 1.1 and 1.2.

Nothing of pupils: `reading.py` drops their rows where it meets them, by their role alone.
"""
