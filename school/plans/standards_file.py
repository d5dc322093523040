"""Reads standards: a CASE package (1EdTech Competencies and Academic Standards Exchange) or CSV."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from contract.errors import UsageError
from contract.files.csv_table import read_table
from school.plans.records import LONGEST_CODE, Standard

__all__ = ["read_standards"]

LONGEST_WORDS: Final = 4_000
MAX_STANDARDS: Final = 50_000
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
"""What JSON can write, and PostgreSQL or UTF-8 can't."""


def read_standards(text: str, file: str, framework: str | None) -> list[Standard]:
    """The standards in a file's text, which have codes; raises UsageError, which names the place.

    A CASE package names its framework itself; for CSV with code and words `framework` does.
    """
    is_case = text.lstrip("\ufeff \t\r\n")[:1] in {"{", "["}
    found = _of_case(text, file, framework) if is_case else _of_csv(text, file, framework)
    if not found:
        raise UsageError(f"{file} has no standard with a code.")
    if len(found) > MAX_STANDARDS:
        raise UsageError(f"{file} has more than {MAX_STANDARDS} standards.")
    return found


def _of_case(text: str, file: str, framework: str | None) -> list[Standard]:
    try:
        package = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        place = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UsageError(f"{file}{place}: not JSON.") from None
    document = package.get("CFDocument") if isinstance(package, dict) else None
    items = package.get("CFItems") if isinstance(package, dict) else None
    if not isinstance(document, dict) or not isinstance(items, list):
        raise UsageError(
            f"{file} is no CASE package: one has a CFDocument and CFItems, as the CASE interface "
            "answers for CFPackages."
        )
    title = framework or document.get("title")
    if not isinstance(title, str) or not title.strip():
        raise UsageError(f"{file}: CFDocument has no title; give one with --framework.")
    named = ((f"CFItems {at}", _item(item, file, at)) for at, item in enumerate(items, 1))
    return _unique(" ".join(title.split()), ((where, *pair) for where, pair in named if pair), file)


def _item(item: Any, file: str, at: int) -> tuple[str, str] | None:
    """The code and the words of an item; None for one without a code, such as a heading."""
    where = f"{file}, CFItems {at}"
    if not isinstance(item, dict):
        raise UsageError(f"{where} is no object.")
    code, words = item.get("humanCodingScheme"), item.get("fullStatement")
    if not isinstance(words, str) or not words.strip():
        raise UsageError(f"{where} has no fullStatement.")
    if code is None or code == "":
        return None
    if not isinstance(code, str):
        raise UsageError(f"{where}: humanCodingScheme is no text.")
    return code, words


def _of_csv(text: str, file: str, framework: str | None) -> list[Standard]:
    if not framework:
        raise UsageError(f"{file} is CSV, which names no framework; give one with --framework.")
    rows = read_table(text, name=file, columns=("code", "words"), optional=None)
    named = (
        (row.where.removeprefix(f"{file}, "), row.values["code"], row.values["words"])
        for row in rows
    )
    return _unique(framework, named, file)


def _unique(framework: str, named: Iterable[tuple[str, str, str]], file: str) -> list[Standard]:
    if _CONTROL.search(framework):
        raise UsageError(f"{file}: the framework's name has a character that is not printed.")
    found: dict[str, Standard] = {}
    for place, raw, words in named:
        code = "".join(raw.split())
        where = f"{file}, {place}"
        if not code or len(code) > LONGEST_CODE or not code.isprintable():
            raise UsageError(f"{where}: a code has 1 to {LONGEST_CODE} characters.")
        if set(code) & set("#,;|"):
            raise UsageError(f"{where}: a code has none of # , ; |, so that a plan can name it.")
        if not words.strip() or len(words) > LONGEST_WORDS:
            raise UsageError(f"{where}: the words have 1 to {LONGEST_WORDS} characters.")
        if _CONTROL.search(words):
            raise UsageError(f"{where}: the words have a character that is not printed.")
        standard = Standard(framework=framework, code=code, words=" ".join(words.split()))
        if found.setdefault(code.casefold(), standard) != standard:
            raise UsageError(f"{where}: there is another standard {code} already.")
    return list(found.values())
