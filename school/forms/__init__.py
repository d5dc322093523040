"""Forms that people fill beside a lesson's video: rubrics and walkthroughs."""
