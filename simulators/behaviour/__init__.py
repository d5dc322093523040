"""What pupils do, and how that moves seats and fills a room with sound."""
