"""Writes the example scenario from the settings classes: every key with its default."""

from __future__ import annotations

import json
import textwrap

from pydantic import BaseModel

from simulators.scenario import Scenario

__all__ = ["example_toml"]

_HEAD = """\
A simulated class. Every key is optional; the value behind each # is its default.
The defaults come from a table of facts; "assumed" means that no source is known.
Spans of `activities` may have `level_db`, the LAeq in dB(A), if it differs from the usual level.
A fire drill is { at_minute = 20.0, minutes = 5.0 }.
"""


def example_toml() -> str:
    """The text of `scenarios/example.toml`."""
    lines = _comment(_HEAD)
    default = Scenario()
    tables: list[tuple[str, BaseModel]] = []
    for key, field in Scenario.model_fields.items():
        value = getattr(default, key)
        if isinstance(value, BaseModel):
            tables.append((key, value))
        else:
            lines += ["", *_comment(field.description or ""), *_setting(key, value)]
    for name, table in tables:
        lines += ["", "", *_comment(type(table).__doc__ or ""), f"[{name}]"]
        for key, field in type(table).model_fields.items():
            lines += [*_comment(field.description or ""), *_setting(key, getattr(table, key))]
    return "\n".join(lines) + "\n"


def _comment(text: str) -> list[str]:
    paragraphs = text.strip().splitlines() if text == _HEAD else [" ".join(text.split())]
    return [f"# {line}" for p in paragraphs for line in textwrap.wrap(p, 97)]


def _setting(key: str, value: object) -> list[str]:
    if key == "activities" and isinstance(value, tuple):
        return [f"#{key} = [", *(f"#    {_toml(span)}," for span in value), "#]"]
    return [f"#{key} = {_toml(value)}"]


def _toml(value: object) -> str:
    if isinstance(value, BaseModel):
        given = ((key, one) for key, one in value if one is not None)
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in given) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value)
