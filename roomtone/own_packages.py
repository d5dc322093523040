"""Whether the packages that Python would import are Roomtone's own.

Their names are ordinary words, and any machine-learning project has a folder `models/`. It may
import nothing but the standard library: what it looks at may be somebody else's.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Final

__all__ = ["OWN_PACKAGES", "leave_current_folder", "strangers"]

OWN_PACKAGES: Final = (
    "contract",
    "dashboard_api",
    "edge_agent",
    "firmware_bridge",
    "ingest",
    "models",
    "school",
    "simulators",
)
_HOME: Final = Path(__file__).resolve().parents[1]
"""The folder that holds Roomtone's packages."""


def leave_current_folder() -> None:
    """Take the current folder, which `python -m` puts first, off Python's path.

    Not where Roomtone itself is found in it: in a checkout that is not installed.
    """
    if sys.flags.safe_path or not sys.path:
        return
    if sys.path[0] == str(Path.cwd()) and Path.cwd().resolve() != _HOME:
        del sys.path[0]


def strangers() -> str | None:
    """A sentence about the first package of our names that is not ours, or None."""
    for name in OWN_PACKAGES:
        found = PathFinder.find_spec(name)
        places = [] if found is None else [*(found.submodule_search_locations or ())]
        if found is not None and found.origin is not None:
            places.insert(0, found.origin)
        if places and _HOME not in Path(places[0]).resolve().parents:
            return (
                f"{places[0]} is found before Roomtone's own package {name}; take its folder out "
                "of the variable PYTHONPATH, or install Roomtone into an environment of its own."
            )
    return None
