"""What a researcher needs to judge the programme, beginning with a plan that is fixed before the data."""
