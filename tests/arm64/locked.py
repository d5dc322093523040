"""Prints a part of a lock file, with its hashes: `locked.py LOCK NAME...`, and what these need."""

from __future__ import annotations

import re
import sys
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

blocks = {
    found[1]: found[0]
    for found in re.finditer(
        r"^([a-z0-9-]+)==\S+.*\n(?:    .*\n)*", Path(sys.argv[1]).read_text(), re.MULTILINE
    )
}
waiting, chosen = list(sys.argv[2:]), dict[str, str]()
while waiting:
    name = canonicalize_name(waiting.pop())
    if name in chosen:
        continue
    chosen[name] = blocks[name]
    for text in distribution(name).requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            waiting.append(requirement.name)
sys.stdout.write("".join(chosen.values()))
