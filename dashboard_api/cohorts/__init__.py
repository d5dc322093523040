"""The pages of cohorts: tasks, clips, answers, visits and what spans have in common."""
