"""Writes settings files; JSON's strings, numbers and arrays are valid TOML."""

from __future__ import annotations

import json
from collections.abc import Mapping

__all__ = ["lines", "toml"]


def lines(values: Mapping[str, object]) -> str:
    """The keys of one table."""
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


def toml(top: Mapping[str, object], **tables: Mapping[str, object]) -> str:
    """A file with top-level keys and tables."""
    return lines(top) + "".join(f"\n[{name}]\n{lines(table)}" for name, table in tables.items())
