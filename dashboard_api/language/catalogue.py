"""A language's catalogue, as gettext's functions and the pages' scripts read it."""

from __future__ import annotations

import json
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

__all__ = ["FOLDER", "read_catalogue", "read_file", "words_script"]

FOLDER: Final = Path(__file__).parent
_CONTEXT_END: Final = "\x04"
"""Stands between a context and its message, as in gettext's own files."""


def read_file(path: Path) -> Catalog:
    """A catalogue with its messages, their translations, and the files that have them."""
    with path.open("rb") as file:
        return read_po(file)


def read_catalogue(tag: str) -> NullTranslations:
    """The translations into a language."""
    compiled = BytesIO()
    write_mo(compiled, read_file(FOLDER / f"{tag}.po"))
    compiled.seek(0)
    return GNUTranslations(compiled)


def words_script(catalogue: Catalog) -> str:
    """A script with the messages of scripts: `shared/words.js` looks them up.

    A message with a plural has the list of its forms, and `roomtonePlural` says which of them a
    number takes: such a formula of C is one of JavaScript too.
    """
    words: dict[str, str | list[str]] = {}
    for message in catalogue:
        forms = (
            [message.string] if isinstance(message.string, str) else list(message.string or [""])
        )
        if not message.id or not all(forms):
            continue
        if not any(name.endswith(".js") for name, _line in message.locations):
            continue
        key = message.id if isinstance(message.id, str) else message.id[0]
        if message.context:
            key = f"{message.context}{_CONTEXT_END}{key}"
        words[key] = forms[0] if isinstance(message.id, str) else forms
    return (
        f"globalThis.roomtoneWords = {json.dumps(words, ensure_ascii=False, sort_keys=True)};\n"
        f"globalThis.roomtonePlural = (n) => Number({catalogue.plural_expr});\n"
    )
