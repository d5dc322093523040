"""What a package's own script runs, before `roomtone` is there: `python3 -m edge_agent.release install`."""

from __future__ import annotations

import argparse
import sys

from contract.errors import RoomtoneError
from edge_agent.release.command import add_arguments, run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="roomtone release")
    add_arguments(parser)
    try:
        sys.exit(run(parser.parse_args()))
    except (RoomtoneError, OSError) as error:
        sys.exit(f"roomtone release: {error}")
