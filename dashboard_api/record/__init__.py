"""What of a lesson its readers take with them as files: the record of its debrief in several formats."""
