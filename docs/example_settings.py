"""Writes server.example.toml from the settings themselves: `make examples` runs it.

What has no default stands there with an example; every other key stands commented out with its
default, so that a person reads there all that can be set.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

from contract.settings import Settings
from dashboard_api.settings import DashboardSettings
from ingest.settings import ServerSettings

SERVER_EXAMPLE: Final = Path(__file__).parents[1] / "server.example.toml"

HEAD: Final = """\
# Settings of the server's programs: ingest, score, lesson, aside, replicate and dashboard.
# What is commented out shows the default.
"""

EXAMPLES: Final[dict[str, object]] = {"site": "school"}
"""Values for what has no default."""

TABLES_ELSEWHERE: Final[dict[str, type[Settings]]] = {"dashboard": DashboardSettings}
"""Tables that the server's settings hand on unread, and the model that reads them."""


def server_example() -> str:
    """The text of server.example.toml."""
    return "\n".join((HEAD, *_table(ServerSettings, ""))) + "\n"


def _table(model: type[Settings], path: str) -> Iterator[str]:
    """The lines of one table: plain keys first, as TOML wants it, then the tables inside."""
    inner: list[tuple[str, type[Settings], str]] = []
    many: list[tuple[str, type[Settings], str]] = []
    for key, field in model.model_fields.items():
        kind = TABLES_ELSEWHERE.get(f"{path}{key}", field.annotation)
        if isinstance(kind, type) and issubclass(kind, Settings):
            inner.append((f"{path}{key}", kind, field.description or ""))
            continue
        if (each := _table_of_many(field.annotation)) is not None:
            many.append((f"{path}{key}", each, field.description or ""))
            continue
        yield from _comment(field.description or "")
        if field.is_required():
            yield f"{key} = {_toml(EXAMPLES[f'{path}{key}'])}"
        elif field.default is None:
            yield f"# {key}: not set"
        else:
            yield f"# {key} = {_toml(field.default)}"
    for name, table, description in inner:
        yield ""
        yield from _comment(description)
        yield f"[{name}]"
        yield from _table(table, f"{name}.")
    for name, table, description in many:
        yield ""
        yield from _comment(description)
        yield f"# {name}: none. Each has its table, of these keys:"
        yield f"# [[{name}]]"
        for key, field in table.model_fields.items():
            yield from _comment(field.description or "")
            is_set = field.is_required() or field.default is None
            default = "no default" if is_set else f"default {_toml(field.default)}"
            yield f"# {key}: {default}"


def _table_of_many(annotation: object) -> type[Settings] | None:
    """The model of a list of tables, if a field is one."""
    kinds = get_args(annotation)
    if kinds and isinstance(kinds[0], type) and issubclass(kinds[0], Settings):
        return kinds[0]
    return None


def _comment(text: str) -> list[str]:
    joined = " ".join(text.split())
    return textwrap.wrap(joined, 98, initial_indent="# ", subsequent_indent="# ")


def _toml(value: object) -> str:
    if isinstance(value, Path):
        return _toml(str(value))
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    # Strings, numbers and booleans are written alike in JSON and TOML.
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    SERVER_EXAMPLE.write_text(server_example(), encoding="utf-8")
    print(f"wrote {SERVER_EXAMPLE.name}")
