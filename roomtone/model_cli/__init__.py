"""`roomtone model`: train, measure, and describe the model."""
