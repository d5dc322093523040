"""Features, the off-task model and the alert policy."""

import os

# Without this variable, onnxruntime reports its use to its maker and leaves a number for the
# machine in the user's cache. It reads it on import. Nothing about a school may leave the machine.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
