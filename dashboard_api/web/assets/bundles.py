"""A page's scripts as one file, made when Roomtone is built; the build hook runs this file too.

A bundle counts only while it is of the scripts that are there: who changes one in a checkout gets
the modules themselves, until the next build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

__all__ = [
    "BUNDLED",
    "BUNDLES",
    "SOURCES",
    "bundle_of",
    "is_fresh",
    "loaded_on_demand",
    "sources_hash",
]

BUNDLED: Final = "bundled"
"""Below the static files. One folder deep, as the scripts are, so that `../` means the same."""

BUNDLES: Final = {"lessons/page.js": "lessons.js"}
"""The scripts that are bundled with all that they import, and each bundle's name."""

SOURCES: Final = "sources.sha256"
"""In the folder of the bundles: the hash of what they were made from."""

_ON_DEMAND: Final = re.compile(r'^(?:.*\bawait)?\s*import\("(\.\./[^"]+)"\)', re.MULTILINE)


def _scripts(static: Path) -> Iterator[Path]:
    return (path for path in sorted(static.glob("*/*.js")) if path.parent.name != BUNDLED)


def sources_hash(static: Path) -> str:
    """A hash that changes with any script."""
    digest = sha256()
    for path in _scripts(static):
        digest.update(f"{path.relative_to(static)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def loaded_on_demand(static: Path) -> set[str]:
    """What scripts import only when somebody needs it, as they name it; no bundle holds it."""
    texts = (path.read_text() for path in _scripts(static) if path.parent.name != "vendor")
    return {found for text in texts for found in _ON_DEMAND.findall(text)}


def is_fresh(static: Path) -> bool:
    """Whether all bundles are there, made from the scripts as they are."""
    folder = static / BUNDLED
    try:
        made_from = (folder / SOURCES).read_text().strip()
    except OSError:
        return False
    has_all = all((folder / name).is_file() for name in BUNDLES.values())
    return has_all and made_from == sources_hash(static)


@cache
def bundle_of(static: Path, script: str) -> str | None:
    """The file below the static files that holds a script and its imports; None: load the modules."""
    return f"{BUNDLED}/{BUNDLES[script]}" if is_fresh(static) else None
