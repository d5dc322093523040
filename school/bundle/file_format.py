"""The bytes of a bundle: JSON with a name, a version and a checksum of what it holds."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, Final

from pydantic import ValidationError

from contract.errors import UsageError
from contract.language import _
from school.bundle.records import Content

__all__ = ["FORMAT", "MAX_BYTES", "VERSION", "bundle_text", "read_bundle"]

FORMAT: Final = "roomtone-lesson"
VERSION: Final = 1
MAX_BYTES: Final = 4 << 20
_MAX_OPENED: Final = 100_000
"""So many lists and objects at most: each takes far more memory than it has bytes."""
_MAX_PLACE: Final = 80


def bundle_text(content: Content) -> str:
    """The file. Its checksum finds a change by accident; it proves nobody's authorship."""
    held = content.model_dump(mode="json")
    whole = {"format": FORMAT, "version": VERSION, "sha256": _checksum(held), "content": held}
    return json.dumps(whole, ensure_ascii=False, allow_nan=False) + "\n"


def read_bundle(data: bytes, name: str) -> Content:
    """What a file holds; raises UsageError, with `name` in the sentence, for anything else."""
    if len(data) > MAX_BYTES:
        raise UsageError(
            _(
                "{name} is larger than {most} MB: that is no bundle of a lesson.",
                name=name,
                most=MAX_BYTES >> 20,
            )
        )
    if data.count(b"[") + data.count(b"{") > _MAX_OPENED:
        raise UsageError(_("{name} is no bundle of a lesson: it has too many parts.", name=name))
    try:
        whole = json.loads(
            data.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        raise UsageError(_("{name} is no bundle of a lesson: it is not JSON.", name=name)) from None
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        raise UsageError(
            _(
                "{name} is no bundle of a lesson: take one on a lesson’s page “Take it with you”.",
                name=name,
            )
        )
    version = whole.get("version")
    if version != VERSION or isinstance(version, bool):
        raise UsageError(
            _(
                "{name} has version {version} of the format, and this Roomtone reads version "
                "{known}: bring it up to date, or take the file again.",
                name=name,
                version=json.dumps(version)[:20],
                known=VERSION,
            )
        )
    held = whole.get("content")
    try:
        is_whole = set(whole) == {"format", "version", "sha256", "content"} and (
            whole["sha256"] == _checksum(held)
        )
    except (ValueError, RecursionError):
        is_whole = False
    if not is_whole:
        raise UsageError(
            _(
                "{name} was changed or damaged since it was taken: its checksum is another one. "
                "Take the file again.",
                name=name,
            )
        )
    try:
        return Content.model_validate_json(json.dumps(held))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])[:_MAX_PLACE]
        raise UsageError(
            _(
                "{name} does not fit version {version} of the format, at {place}.",
                name=name,
                version=VERSION,
                place=place,
            )
        ) from None


def _checksum(held: Any) -> str:
    """Of the content with sorted keys and no blanks, as UTF-8; the same however it is laid out."""
    text = json.dumps(
        held, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return sha256(text.encode()).hexdigest()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse_constant(_name: str) -> float:
    raise ValueError("no number")
