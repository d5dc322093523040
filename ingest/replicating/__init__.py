"""`roomtone replicate`: follows the stores and feeds time-series databases beside them."""
