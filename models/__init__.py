"""Features, the off-task model and the alert policy."""

import os

# onnxruntime reports its use to its maker unless this is there before it is imported; it would
# also leave a number for the machine in the user's cache. Nothing of a school is told to anyone.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
