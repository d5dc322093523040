"""Checks that Python would import Roomtone's own packages.

Their names are ordinary words, and many machine-learning projects have a folder `models/`. This
module may import only the standard library, because the packages it checks may not be ours.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Final

__all__ = ["OWN_PACKAGES", "foreign_package", "leave_current_folder"]

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
    """Remove the current folder, which `python -m` puts first, from Python's path.

    It stays if Roomtone itself is in it: a checkout that is not installed.
    """
    if sys.flags.safe_path or not sys.path:
        return
    if sys.path[0] == str(Path.cwd()) and Path.cwd().resolve() != _HOME:
        del sys.path[0]


def foreign_package() -> str | None:
    """A sentence about the first package that has one of our names but is not ours, or None."""
    for name in OWN_PACKAGES:
        found = PathFinder.find_spec(name)
        places = [] if found is None else [*(found.submodule_search_locations or ())]
        if found is not None and found.origin is not None:
            places.insert(0, found.origin)
        if places and _HOME not in Path(places[0]).resolve().parents:
            return (
                f"{places[0]} is found before Roomtone's own package {name}; remove its folder from "
                "the variable PYTHONPATH, or install Roomtone into its own environment."
            )
    return None
