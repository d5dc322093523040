"""What a program shows of itself: health, metrics, and the figures of past weeks."""
