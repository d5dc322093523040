"""From what the hubs and the microphone deliver to whole periods."""
