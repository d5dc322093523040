"""Learning platforms that open these pages by LTI 1.3, and people's accounts there."""
