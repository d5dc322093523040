"""What all packages share: words, formats and formulas. It imports nothing else of ours."""
