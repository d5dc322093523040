"""`roomtone model`: trains, measures and describes the model."""
