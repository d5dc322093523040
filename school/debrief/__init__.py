"""What a teacher makes of a lesson: what they guessed, what they try next, and what they write down."""
