"""What every part agrees on: words, formats and formulas. It imports nothing else of ours."""
