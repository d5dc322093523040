"""Labelled recordings of real motion: reads, checks, learns from and judges them."""
