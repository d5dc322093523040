"""Runs the installed edge up to its settings, and ends with 1 if that imported a library of a server."""

from __future__ import annotations

import sys

sys.path.insert(0, "/opt/roomtone/current/lib")
from roomtone.cli import main

SERVERS = {"fastapi", "onnxruntime", "pyarrow", "scipy", "sklearn", "sqlalchemy"}

code = main(["edge", "--config", "/home/edge.example.toml", "--check-settings"])
found = SERVERS & sys.modules.keys()
sys.exit(f"ended with {code}; imported {sorted(found)}" if code or found else 0)
