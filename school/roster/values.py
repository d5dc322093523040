"""Checks of single values of a roster's rows; each error is a sentence with the place. Pure."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from contract.errors import UsageError
from school.roster.source import SourceRow

__all__ = ["day_of", "flag_of", "id_of", "ids_of", "is_deleted", "text_of"]

_MAX_ID: Final = 255
_MAX_TEXT: Final = 200
_ID: Final = re.compile(r"[^\x00-\x20\x7f-\xa0,\u2028\u2029\ud800-\udfff]+")
_CONTROL: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_STATUS: Final = {"": False, "active": False, "inactive": True, "tobedeleted": True}


def id_of(row: SourceRow, column: str = "sourcedId", *, may_be_empty: bool = False) -> str:
    """An identifier, as the standard limits it."""
    text = row[column]
    if not text and may_be_empty:
        return ""
    if not text:
        raise UsageError(f"{row.where}: no {column}.")
    if len(text) > _MAX_ID or not _ID.fullmatch(text):
        raise UsageError(
            f"{row.where}: {column} is no identifier; it has at most {_MAX_ID} characters, none of "
            "them a space or a comma."
        )
    return text


def ids_of(row: SourceRow, column: str) -> tuple[str, ...]:
    """Identifiers between commas, each once, in their order."""
    parts = (part.strip() for part in row[column].split(","))
    wanted = dict.fromkeys(part for part in parts if part)
    return tuple(id_of(SourceRow(row.where, {column: part}), column) for part in wanted)


def text_of(row: SourceRow, column: str, *, may_be_empty: bool = False) -> str:
    """A text on one line, with single spaces."""
    text = " ".join(row[column].split())
    if not text and not may_be_empty:
        raise UsageError(f"{row.where}: no {column}.")
    if len(text) > _MAX_TEXT or _CONTROL.search(text):
        raise UsageError(
            f"{row.where}: {column} has at most {_MAX_TEXT} characters, and none that is not printed."
        )
    return text


def day_of(row: SourceRow, column: str, *, may_be_empty: bool = True) -> date | None:
    """A day; some programs write a time after it, which is left out."""
    text = row[column]
    if not text and may_be_empty:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise UsageError(
            f"{row.where}: {column} is “{text[:40]}”, expected a day such as 2026-09-01."
        ) from error


def flag_of(row: SourceRow, column: str, *, default: bool) -> bool:
    said = row[column].lower()
    if said not in {"", "true", "false"}:
        raise UsageError(f"{row.where}: {column} is “{said[:40]}”, expected true or false.")
    return default if not said else said == "true"


def is_deleted(row: SourceRow) -> bool:
    """Whether a row says that what it names is to be deleted."""
    said = row["status"].lower()
    if said not in _STATUS:
        raise UsageError(f"{row.where}: status is “{said[:40]}”, expected active or tobedeleted.")
    return _STATUS[said]
