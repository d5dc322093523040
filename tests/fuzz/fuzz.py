"""Fuzz one parser, guided by coverage: `python tests/fuzz/fuzz.py mqtt -max_total_time=60`.

Options behind the target's name are libFuzzer's. It begins with good examples, writes nothing but
what crashed it, and ends with code 0 if nothing was found.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
with atheris.instrument_imports(include=["contract", "edge_agent", "firmware_bridge", "ingest"]):
    from parsers import SEEDS, TARGETS


def main() -> None:
    """Run until libFuzzer ends."""
    name = sys.argv.pop(1)
    with TemporaryDirectory() as corpus:
        for i, seed in enumerate(SEEDS[name]()):
            Path(corpus, f"seed-{i}").write_bytes(seed)
        atheris.Setup([*sys.argv, corpus], TARGETS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
