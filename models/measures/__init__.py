"""What a next step can be measured by: numbers of one lesson, and whether they changed since."""
