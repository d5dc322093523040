"""What a researcher gets of the programme: plans, figures and interview notes, in one folder."""
