"""Brings the catalogues of the pages' texts up to date: `make catalogue` runs it.

It finds each message in the code, the templates, the scripts and the forms and tags that ship, adds
what is new, without a translation, and removes what no file has any more.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import redirect_stderr
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, Final

import yaml
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).parents[1]
LANGUAGES: Final = ROOT / "dashboard_api" / "language"
PACKAGES: Final = ("contract", "dashboard_api", "ingest", "models", "school", "simulators")
KEYWORDS: Final[dict[str, Any]] = {
    "_": None, "gettext": None, "N_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2),
}  # fmt: skip
METHODS: Final = {".py": "python", ".html": "jinja2.ext:babel_extract", ".js": "javascript"}
OPTIONS: Final[dict[str, dict[str, Any]]] = {
    ".html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"},
    ".js": {"parse_template_string": "true"},
}  # fmt: skip
NO_HEADERS: Final = tuple(
    f'"{name}: '.encode()
    for name in (
        "Generated-By", "Language-Team", "Last-Translator", "POT-Creation-Date",
        "PO-Revision-Date", "Project-Id-Version", "Report-Msgid-Bugs-To",
    )
)  # fmt: skip
"""What the history of the file says better."""
YAML_FOLDERS: Final = ("school/forms/examples", "school/framework/examples")
"""Forms and tags that ship: a school's own are in the school's own language."""
YAML_FIELDS: Final = frozenset({"name", "about", "label", "description"})


def sources() -> Iterator[Path]:
    """Every file that may hold a message."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix in METHODS and not {"bundled", "vendor"} & set(path.parts):
                yield path


def extracted() -> Catalog:
    """Every message, with the files that have it."""
    catalogue = Catalog()
    for path in sources():
        kind, name = path.suffix, path.relative_to(ROOT).as_posix()
        # Babel warns of each f-string in a call, also where it is a value; a test finds those that
        # are messages.
        with redirect_stderr(StringIO()):
            found = list(extract(
                METHODS[kind], BytesIO(path.read_bytes()), KEYWORDS, ("Translators:",),
                {"encoding": "utf-8", **OPTIONS.get(kind, {})},
            ))  # fmt: skip
        for _line, message, comments, context in found:
            catalogue.add(message, None, [(name, 1)], auto_comments=comments, context=context)
    for folder in YAML_FOLDERS:
        for path in sorted((ROOT / folder).glob("*.yaml")):
            for text in yaml_texts(yaml.safe_load(path.read_text())):
                catalogue.add(text, None, [(path.relative_to(ROOT).as_posix(), 1)])
    return catalogue


def yaml_texts(node: object) -> Iterator[str]:
    """What people read of a form or a framework."""
    if isinstance(node, dict):
        for field, value in node.items():
            if field in YAML_FIELDS and isinstance(value, str):
                yield value
            else:
                yield from yaml_texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from yaml_texts(value)


def updated(path: Path, template: Catalog) -> bytes:
    """The catalogue at `path` with the template's messages: its own translations, and no guess."""
    with path.open("rb") as file:
        catalogue = read_po(file)
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    written = BytesIO()
    write_po(
        written, catalogue, width=100, sort_output=True, ignore_obsolete=True, include_lineno=False,
    )  # fmt: skip
    lines = written.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(NO_HEADERS))


def main() -> int:
    """Write each catalogue; 0 when every message has its translation."""
    template, missing = extracted(), 0
    for path in sorted(LANGUAGES.glob("*.po")):
        path.write_bytes(updated(path, template))
        with path.open("rb") as file:
            empty = [message.id for message in read_po(file) if message.id and not _done(message)]
        missing += len(empty)
        print(f"{path.relative_to(ROOT)}: {len(template)} messages, {len(empty)} to translate")
    return 1 if missing else 0


def _done(message: Any) -> bool:
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return all(strings) and bool(strings)


if __name__ == "__main__":
    sys.exit(main())
