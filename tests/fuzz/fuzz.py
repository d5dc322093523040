"""Fuzz one parser, guided by coverage: `python tests/fuzz/fuzz.py mqtt -max_total_time=60`.

Options behind the target's name are libFuzzer's. It begins with good examples, writes nothing but
what crashed it, and ends with code 0 if nothing was found. What it grows its inputs from is put
into a folder of that name if the last option is one, else into one that is removed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
with atheris.instrument_imports(include=["contract", "edge_agent", "firmware_bridge", "ingest"]):
    from parsers import SEEDS, TARGETS


def main() -> int:
    """Run until libFuzzer ends."""
    name, *options = sys.argv[1:]
    if not options or not Path(options[-1]).is_dir():
        # libFuzzer ends the whole process; so another one takes its folder away.
        with TemporaryDirectory() as corpus:
            return subprocess.run([sys.executable, *sys.argv, corpus], check=False).returncode
    for i, seed in enumerate(SEEDS[name]()):
        Path(options[-1], f"seed-{i}").write_bytes(seed)
    atheris.Setup([sys.argv[0], *options], TARGETS[name])
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
