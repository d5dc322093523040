"""What a program reports about itself: health, metrics, and the figures of past weeks."""
